import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/** The JDK's own handler of ftp: addresses. */
public class OpenJdk {
    private static final Set<String> KNOWN = Set.of("put", "get", "list");

    private static URLConnection open(String name) throws IOException {
        String at = System.getenv("FTP_USER") + ":" + System.getenv("FTP_PASSWORD") + "@"
                + System.getenv("FTP_HOST") + ":" + System.getenv("FTP_PORT");
        URLConnection opened = new URL("ftp://" + at + "/" + name + ";type=i").openConnection();
        opened.setReadTimeout(60000);
        return opened;
    }

    private static void run(String[] words) throws IOException {
        switch (words[0]) {
            case "put":
                URLConnection opened = open(words[2]);
                opened.setDoOutput(true);
                try (OutputStream far = opened.getOutputStream()) {
                    Files.copy(Path.of(words[1]), far);
                }
                return;
            case "get":
                try (InputStream far = open(words[1]).getInputStream()) {
                    Files.write(Path.of(words[2]), far.readAllBytes());
                }
                return;
            default:
                String at = open("").getURL().toString().replace(";type=i", "");
                try (InputStream far = new URL(at).openStream()) {
                    new String(far.readAllBytes()).lines().forEach(name -> System.out.println("- " + name));
                }
        }
    }

    public static void main(String[] arguments) throws IOException {
        if (arguments.length > 0) {
            System.out.println(System.getProperty("java.version"));
            return;
        }
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ");
            boolean isAsked = words[0].equals("can");
            if (!KNOWN.contains(words[isAsked ? 1 : 0]) || !System.getenv("FTP_TLS").isEmpty()) {
                System.out.println("= cannot");
            } else if (isAsked) {
                System.out.println("= ok");
            } else {
                try {
                    run(words);
                    System.out.println("= ok");
                } catch (IOException error) {
                    System.out.println("= failed " + String.valueOf(error).replaceAll("\\s+", " "));
                }
            }
        }
    }
}
