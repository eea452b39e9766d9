using System;
using System.IO;
using System.Net;

static class Driver
{
    static FtpWebRequest Ask(string name, string method)
    {
        var at = Environment.GetEnvironmentVariable("FTP_HOST") + ":" + Environment.GetEnvironmentVariable("FTP_PORT");
        var asked = (FtpWebRequest)WebRequest.Create("ftp://" + at + "/" + name);
        asked.Method = method;
        asked.Timeout = 60000;
        asked.ReadWriteTimeout = 60000;
        asked.EnableSsl = Environment.GetEnvironmentVariable("FTP_TLS") != "";
        asked.Credentials = new NetworkCredential(
            Environment.GetEnvironmentVariable("FTP_USER"), Environment.GetEnvironmentVariable("FTP_PASSWORD"));
        return asked;
    }

    static void Run(string[] words)
    {
        switch (words[0])
        {
            case "put":
                var stored = Ask(words[2], WebRequestMethods.Ftp.UploadFile);
                using (var far = stored.GetRequestStream())
                using (var file = File.OpenRead(words[1]))
                    file.CopyTo(far);
                stored.GetResponse().Close();
                break;
            case "get":
                using (var answer = Ask(words[1], WebRequestMethods.Ftp.DownloadFile).GetResponse())
                using (var file = File.Create(words[2]))
                    answer.GetResponseStream().CopyTo(file);
                break;
            case "list":
                using (var answer = Ask("", WebRequestMethods.Ftp.ListDirectory).GetResponse())
                using (var names = new StreamReader(answer.GetResponseStream()))
                    for (string name; (name = names.ReadLine()) != null;)
                        Console.WriteLine("- " + name);
                break;
            case "rename":
                var renamed = Ask(words[1], WebRequestMethods.Ftp.Rename);
                renamed.RenameTo = words[2];
                renamed.GetResponse().Close();
                break;
            default:
                Ask(words[1], WebRequestMethods.Ftp.DeleteFile).GetResponse().Close();
                break;
        }
    }

    static void Main()
    {
        // Mono keeps certificates of its own; what is compared here is FTP.
        ServicePointManager.ServerCertificateValidationCallback = (a, b, c, d) => true;
        for (string line; (line = Console.ReadLine()) != null;)
        {
            var words = line.Split(' ');
            if (words[0] == "can")
            {
                Console.WriteLine("= ok");
                continue;
            }
            try
            {
                Run(words);
                Console.WriteLine("= ok");
            }
            catch (Exception error)
            {
                Console.WriteLine("= failed " + error.Message.Replace("\n", " "));
            }
        }
    }
}
