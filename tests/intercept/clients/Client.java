// Both flows, with the vendors' hosts written in, by HttpClient or, with any argument, by HttpURLConnection.
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Client {
    static final String PYMETRICS = "https://api.pymetrics.com/mercury";
    static final String PI = "https://pi.predictiveindex.com/api/v1/behavioralassessments";
    static boolean old;
    static final HttpClient CLIENT = HttpClient.newHttpClient();

    static String send(String method, String url, String body, String... headers) throws Exception {
        if (old) {
            HttpURLConnection connection = (HttpURLConnection) new URL(url).openConnection();
            connection.setRequestMethod(method);
            connection.setRequestProperty("Content-Type", "application/json");
            for (int at = 0; at < headers.length; at += 2) connection.setRequestProperty(headers[at], headers[at + 1]);
            if (body != null) {
                connection.setDoOutput(true);
                connection.getOutputStream().write(body.getBytes("UTF-8"));
            }
            return new String(connection.getInputStream().readAllBytes(), "UTF-8");
        }
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url)).header("Content-Type", "application/json");
        if (headers.length > 0) request.headers(headers);
        request.method(method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString()).body();
    }

    static String member(String json, String name) {
        Matcher found = Pattern.compile("\"" + name + "\":\\s*\"([^\"]+)\"").matcher(json);
        if (!found.find()) throw new IllegalStateException("no " + name + " in " + json);
        return found.group(1);
    }

    public static void main(String[] arguments) throws Exception {
        old = arguments.length > 0;
        String client = "{\"client_id\":\"live-client\",\"client_secret\":\"live-secret\",\"grant_type\":\"client_credentials\"}";
        String token = "Bearer " + member(send("POST", PYMETRICS + "/oauth/token", client), "access_token");
        String[] keys = {"Authorization", token, "X-Api-Key", "live-key"};
        String assessment = member(send("GET", PYMETRICS + "/configuration", null, keys), "id");
        String wish = "{\"candidate\":{\"email\":\"ada@example.com\",\"first_name\":\"Ada\",\"last_name\":\"Lovelace\"},"
            + "\"assessment_id\":\"" + assessment + "\",\"application_id\":\"a-1\"}";
        String order = member(send("POST", PYMETRICS + "/order", wish, keys), "id");
        String person = "{\"firstName\":\"Ada\",\"lastName\":\"Lovelace\",\"email\":\"ada@example.com\"}";
        String made = member(send("POST", PI, person, "api-key", "live-pi-key"), "assessmentId");
        String found = member(send("GET", PI + "/" + made, null, "api-key", "live-pi-key"), "assessmentId");
        System.out.println("order " + order + " assessment " + found);
    }
}
