// Java 17 without packages: java.net.http.HttpClient. `java Hiring.java http://127.0.0.1:8787`
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Hiring {
    static final HttpClient HTTP = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    static String call(String method, String url, String body) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url))
                .timeout(Duration.ofSeconds(5))
                .header("api-key", "sim-java")
                .header("content-type", "application/json")
                .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
                .build();
        HttpResponse<String> response = HTTP.send(request, BodyHandlers.ofString());
        if (response.statusCode() >= 400) {
            // The header names the rule that refused the request.
            String rule = response.headers().firstValue("simulator-rule").orElse("no rule");
            throw new IOException(response.statusCode() + " " + rule + ": " + response.body());
        }
        return response.body();
    }

    static String member(String json, String name) {
        // Your project has a library for this.
        Matcher found = Pattern.compile("\"" + name + "\":\"?([^\",}]+)").matcher(json);
        if (!found.find()) {
            throw new IllegalStateException("no " + name + " in " + json);
        }
        return found.group(1);
    }

    public static void main(String[] arguments) throws Exception {
        String base = arguments.length > 0 ? arguments[0] : "http://127.0.0.1:8787";
        String assessments = base + "/api/v1/behavioralassessments";
        String person = "{\"firstName\": \"Ada\", \"lastName\": \"Lovelace\", \"email\": \"ada@example.com\"}";
        String id = member(call("POST", assessments, person), "assessmentId");
        call("POST", base + "/_simulator/sandboxes/java/invitations/" + id + "/complete", null);
        System.out.println("state " + member(call("GET", assessments + "/" + id, null), "assessmentState"));
    }
}
