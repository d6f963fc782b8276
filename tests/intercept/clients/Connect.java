// Connects to a host at an address, and checks its certificate: Connect ADDRESS PORT HOST.
import java.net.InetAddress;
import java.net.Socket;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

public class Connect {
    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[1]);
        Socket plain = new Socket(InetAddress.getByName(arguments[0]), port);
        SSLSocketFactory factory = (SSLSocketFactory) SSLSocketFactory.getDefault();
        SSLSocket socket = (SSLSocket) factory.createSocket(plain, arguments[2], port, true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        System.out.println("trusted");
    }
}
