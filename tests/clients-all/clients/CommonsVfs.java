import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import org.apache.commons.vfs2.FileObject;
import org.apache.commons.vfs2.FileSystemException;
import org.apache.commons.vfs2.FileSystemOptions;
import org.apache.commons.vfs2.Selectors;
import org.apache.commons.vfs2.impl.DefaultFileSystemManager;
import org.apache.commons.vfs2.provider.ftp.FtpFileProvider;
import org.apache.commons.vfs2.provider.ftp.FtpFileSystemConfigBuilder;
import org.apache.commons.vfs2.provider.ftp.FtpFileType;
import org.apache.commons.vfs2.provider.ftps.FtpsDataChannelProtectionLevel;
import org.apache.commons.vfs2.provider.ftps.FtpsFileProvider;
import org.apache.commons.vfs2.provider.ftps.FtpsFileSystemConfigBuilder;
import org.apache.commons.vfs2.provider.ftps.FtpsMode;
import org.apache.commons.vfs2.provider.local.DefaultLocalFileProvider;

/** Files at ftp: addresses, as Pentaho and others reach what is far away. */
public class CommonsVfs {
    private static final boolean IS_TLS = !System.getenv("FTP_TLS").isEmpty();
    private static DefaultFileSystemManager manager;

    private static FileSystemOptions options() throws FileSystemException {
        FileSystemOptions options = new FileSystemOptions();
        FtpFileSystemConfigBuilder plain = FtpFileSystemConfigBuilder.getInstance();
        plain.setPassiveMode(options, true);
        plain.setFileType(options, FtpFileType.BINARY);
        if (IS_TLS) {
            FtpsFileSystemConfigBuilder secret = FtpsFileSystemConfigBuilder.getInstance();
            secret.setFtpsMode(options, FtpsMode.EXPLICIT);
            secret.setDataChannelProtectionLevel(options, FtpsDataChannelProtectionLevel.P);
            secret.setPassiveMode(options, true);
            secret.setFileType(options, FtpFileType.BINARY);
        }
        return options;
    }

    private static FileObject far(String name) throws FileSystemException {
        if (manager == null) {
            DefaultFileSystemManager opened = new DefaultFileSystemManager();
            opened.addProvider("file", new DefaultLocalFileProvider());
            opened.addProvider("ftp", new FtpFileProvider());
            opened.addProvider("ftps", new FtpsFileProvider());
            opened.init();
            manager = opened;
        }
        String at = System.getenv("FTP_USER") + ":" + System.getenv("FTP_PASSWORD") + "@"
                + System.getenv("FTP_HOST") + ":" + System.getenv("FTP_PORT");
        String path = name.startsWith("/") ? name : "/" + name;
        return manager.resolveFile((IS_TLS ? "ftps://" : "ftp://") + at + path, options());
    }

    private static void run(String[] words) throws IOException {
        FileObject file = far(words[0].equals("put") ? words[2] : words[1]);
        // What it has heard of a file it goes on believing.
        file.refresh();
        switch (words[0]) {
            case "put":
                file.copyFrom(manager.toFileObject(new File(words[1])), Selectors.SELECT_SELF);
                return;
            case "get":
                FileObject near = manager.toFileObject(new File(words[2]));
                near.copyFrom(file, Selectors.SELECT_SELF);
                return;
            case "list":
                for (FileObject child : file.getChildren()) {
                    System.out.println("- " + child.getName().getBaseName());
                }
                return;
            case "rename":
                file.moveTo(far(words[2]));
                return;
            default:
                if (!file.delete()) {
                    throw new IOException("it says that it deleted nothing");
                }
        }
    }

    private static String told(Throwable error) {
        StringBuilder words = new StringBuilder();
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            words.append(cause).append("; ");
        }
        return words.toString().replaceAll("\\s+", " ");
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
                run(words);
                System.out.println("= ok");
            } catch (IOException error) {
                System.out.println("= failed " + told(error));
            }
        }
    }
}
