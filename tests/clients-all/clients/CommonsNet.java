import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.util.List;
import org.apache.commons.net.ftp.FTP;
import org.apache.commons.net.ftp.FTPClient;
import org.apache.commons.net.ftp.FTPSClient;

public class CommonsNet {
    private static FTPClient ftp;

    private static FTPClient session() throws IOException {
        if (ftp != null) {
            return ftp;
        }
        boolean isTls = !System.getenv("FTP_TLS").isEmpty();
        FTPClient opened = isTls ? new FTPSClient() : new FTPClient();
        opened.connect(System.getenv("FTP_HOST"), Integer.parseInt(System.getenv("FTP_PORT")));
        if (!opened.login(System.getenv("FTP_USER"), System.getenv("FTP_PASSWORD"))) {
            throw new IOException(opened.getReplyString());
        }
        if (isTls) {
            ((FTPSClient) opened).execPBSZ(0);
            ((FTPSClient) opened).execPROT("P");
        }
        opened.enterLocalPassiveMode();
        opened.setFileType(FTP.BINARY_FILE_TYPE);
        ftp = opened;
        return ftp;
    }

    private static boolean run(String[] words) throws IOException {
        switch (words[0]) {
            case "put":
                try (InputStream file = new FileInputStream(words[1])) {
                    return session().storeFile(words[2], file);
                }
            case "get":
                try (OutputStream file = new FileOutputStream(words[2])) {
                    return session().retrieveFile(words[1], file);
                }
            case "list":
                String[] names = session().listNames(words[1]);
                for (String name : names == null ? new String[0] : names) {
                    System.out.println("- " + name);
                }
                return names != null;
            case "rename":
                return session().rename(words[1], words[2]);
            default:
                return session().deleteFile(words[1]);
        }
    }

    public static void main(String[] arguments) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ");
            if (words[0].equals("can")) {
                System.out.println("= ok");
                continue;
            }
            try {
                boolean isDone = run(words);
                String said = isDone ? "" : ftp.getReplyString().replaceAll("\\s+", " ");
                System.out.println(isDone ? "= ok" : "= failed " + said);
            } catch (IOException error) {
                System.out.println("= failed " + String.valueOf(error).replaceAll("\\s+", " "));
            }
        }
    }
}
