/* SPDX-License-Identifier: Apache-2.0 */

import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.eclipse.leshan.core.SecurityMode;
import org.eclipse.leshan.core.request.BindingMode;
import org.eclipse.leshan.core.util.Hex;
import org.eclipse.leshan.server.bootstrap.BootstrapConfig;
import org.eclipse.leshan.server.bootstrap.BootstrapConfig.ServerConfig;
import org.eclipse.leshan.server.bootstrap.BootstrapConfig.ServerSecurity;
import org.eclipse.leshan.server.californium.bootstrap.LeshanBootstrapServer;
import org.eclipse.leshan.server.californium.bootstrap.LeshanBootstrapServerBuilder;
import org.eclipse.leshan.server.security.BootstrapSecurityStore;
import org.eclipse.leshan.server.security.SecurityInfo;

/**
 * Server PORT CSV: Leshan's bootstrap server for the PSK devices of a file of make_fleet, all in memory. What it does per
 * device is what our daemon does: Delete /0 and /1, Write /0/1 and /1/0, Finish; no Discover. Its DTLS and CoAP are as
 * Leshan sets them by default.
 */
public class Server {

    private static final class Device {
        SecurityInfo security;
        BootstrapConfig config;
    }

    private static final Map<String, Device> BY_ENDPOINT = new HashMap<>();
    private static final Map<String, Device> BY_IDENTITY = new HashMap<>();

    private static BootstrapConfig configOf(String identity, String key) {
        BootstrapConfig config = new BootstrapConfig();
        ServerSecurity security = new ServerSecurity();
        ServerConfig server = new ServerConfig();

        security.uri = "coaps://lwm2m.example.com:5684";
        security.bootstrapServer = false;
        security.securityMode = SecurityMode.PSK;
        security.publicKeyOrId = identity.getBytes(StandardCharsets.UTF_8);
        security.secretKey = Hex.decodeHex(key.toCharArray());
        security.serverId = 101;
        server.shortId = 101;
        server.lifetime = 86400;
        server.binding = BindingMode.U;
        config.toDelete.add("/0");
        config.toDelete.add("/1");
        config.security.put(1, security);
        config.servers.put(0, server);
        return config;
    }

    /* endpoint,profile,mode,psk_identity,psk_key_hex,rpk_public_b64,fleet.psk_identity,fleet.psk_key_hex */
    private static void load(String path) throws Exception {
        try (BufferedReader in = Files.newBufferedReader(Paths.get(path))) {
            in.readLine();
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] f = line.split(",", -1);
                Device d = new Device();
                d.security = SecurityInfo.newPreSharedKeyInfo(f[0], f[3], Hex.decodeHex(f[4].toCharArray()));
                d.config = configOf(f[6], f[7]);
                BY_ENDPOINT.put(f[0], d);
                BY_IDENTITY.put(f[3], d);
            }
        }
    }

    public static void main(String[] args) throws Exception {
        load(args[1]);
        LeshanBootstrapServerBuilder builder = new LeshanBootstrapServerBuilder();
        builder.setLocalSecureAddress("127.0.0.1", Integer.parseInt(args[0]));
        builder.disableUnsecuredEndpoint();
        builder.setConfigStore((endpoint, identity, session) -> {
            Device d = BY_ENDPOINT.get(endpoint);
            return d != null ? d.config : null;
        });
        builder.setSecurityStore(new BootstrapSecurityStore() {
            @Override
            public List<SecurityInfo> getAllByEndpoint(String endpoint) {
                Device d = BY_ENDPOINT.get(endpoint);
                return d != null ? Collections.singletonList(d.security) : null;
            }

            @Override
            public SecurityInfo getByIdentity(String identity) {
                Device d = BY_IDENTITY.get(identity);
                return d != null ? d.security : null;
            }
        });
        LeshanBootstrapServer server = builder.build();
        server.start();
    }
}
