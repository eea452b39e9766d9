package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jlaffaye/ftp"
)

var session *ftp.ServerConn

func connect() error {
	host := os.Getenv("FTP_HOST")
	options := []ftp.DialOption{ftp.DialWithTimeout(60 * time.Second)}
	if os.Getenv("FTP_TLS") != "" {
		trusted := x509.NewCertPool()
		certificate, err := os.ReadFile(os.Getenv("FTP_CA"))
		if err != nil {
			return err
		}
		trusted.AppendCertsFromPEM(certificate)
		config := &tls.Config{ServerName: host, RootCAs: trusted}
		options = append(options, ftp.DialWithExplicitTLS(config))
	}
	opened, err := ftp.Dial(host+":"+os.Getenv("FTP_PORT"), options...)
	if err != nil {
		return err
	}
	if err = opened.Login(os.Getenv("FTP_USER"), os.Getenv("FTP_PASSWORD")); err == nil {
		session = opened
	}
	return err
}

func put(words []string) error {
	file, err := os.Open(words[0])
	if err != nil {
		return err
	}
	defer file.Close()
	return session.Stor(words[1], file)
}

func get(words []string) error {
	answer, err := session.Retr(words[0])
	if err != nil {
		return err
	}
	file, err := os.Create(words[1])
	if err == nil {
		_, err = io.Copy(file, answer)
	}
	if closed := answer.Close(); err == nil {
		err = closed
	}
	return err
}

func list(words []string) error {
	entries, err := session.List(words[0])
	for _, entry := range entries {
		fmt.Println("- " + entry.Name)
	}
	return err
}

func main() {
	operations := map[string]func([]string) error{
		"put": put, "get": get, "list": list,
		"rename": func(words []string) error { return session.Rename(words[0], words[1]) },
		"delete": func(words []string) error { return session.Delete(words[0]) },
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if words[0] == "can" {
			fmt.Println("= ok")
			continue
		}
		var err error
		if session == nil {
			err = connect()
		}
		if err == nil {
			err = operations[words[0]](words[1:])
		}
		if err != nil {
			fmt.Println("= failed " + strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Println("= ok")
		}
	}
}
