// SPDX-License-Identifier: Apache-2.0
//
// A Leshan 2.0 client (LwM2M 1.1): bootstraps, prints Objects 0, 1 and 2 as it holds them, registers.
//
//   java Client FILE    properties: endpoint, uri, mode (psk, rpk, x509); in hexadecimal id, key, server;
//                       perhaps suites (IANA names, else Leshan's) and format (the preferred one), models (files in
//                       OMA's XML, with commas between, of objects that it then has too), again (once more)
//
// Prints "/object/instance/resource value" (octets in hexadecimal), with "again" also "removed /object/instance" before
// it does so for the second time. Exit status: 0 registered, 3 bootstrap failed, 4 register failed.

import java.io.FileInputStream;
import java.io.FileReader;
import java.net.InetSocketAddress;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Collectors;

import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.californium.scandium.config.DtlsConfig;
import org.eclipse.californium.scandium.config.DtlsConnectorConfig;
import org.eclipse.californium.scandium.dtls.cipher.CipherSuite;
import org.eclipse.leshan.client.LeshanClient;
import org.eclipse.leshan.client.LeshanClientBuilder;
import org.eclipse.leshan.client.engine.DefaultRegistrationEngineFactory;
import org.eclipse.leshan.client.object.Device;
import org.eclipse.leshan.client.object.Security;
import org.eclipse.leshan.client.object.Server;
import org.eclipse.leshan.client.observer.LwM2mClientObserverAdapter;
import org.eclipse.leshan.client.resource.BaseInstanceEnabler;
import org.eclipse.leshan.client.resource.LwM2mObjectEnabler;
import org.eclipse.leshan.client.resource.ObjectsInitializer;
import org.eclipse.leshan.client.resource.listener.ObjectsListenerAdapter;
import org.eclipse.leshan.client.servers.LwM2mServer;
import org.eclipse.leshan.client.servers.ServerInfo;
import org.eclipse.leshan.core.ResponseCode;
import org.eclipse.leshan.core.SecurityMode;
import org.eclipse.leshan.core.model.ObjectLoader;
import org.eclipse.leshan.core.model.ObjectModel;
import org.eclipse.leshan.core.model.StaticModel;
import org.eclipse.leshan.core.node.LwM2mObject;
import org.eclipse.leshan.core.node.LwM2mObjectInstance;
import org.eclipse.leshan.core.node.LwM2mResource;
import org.eclipse.leshan.core.node.LwM2mResourceInstance;
import org.eclipse.leshan.core.node.ObjectLink;
import org.eclipse.leshan.core.request.BootstrapRequest;
import org.eclipse.leshan.core.request.ContentFormat;
import org.eclipse.leshan.core.request.ReadRequest;
import org.eclipse.leshan.core.request.RegisterRequest;
import org.eclipse.leshan.core.response.ReadResponse;
import org.eclipse.leshan.core.response.WriteResponse;
import org.eclipse.leshan.core.util.Hex;
import org.eclipse.leshan.transport.californium.client.endpoint.CaliforniumClientEndpointFactory;
import org.eclipse.leshan.transport.californium.client.endpoint.CaliforniumClientEndpointsProvider;
import org.eclipse.leshan.transport.californium.client.endpoint.coaps.CoapsClientEndpointFactory;
import org.eclipse.leshan.transport.californium.client.endpoint.coaps.CoapsClientProtocolProvider;

public class Client {
    static final int BOOTSTRAP_FAILED = 3, REGISTER_FAILED = 4;

    /** Leshan's Security drops what it does not use (the SMS binding, most of LwM2M 1.2): keep, and show, what was written. */
    public static class KeepingSecurity extends Security {
        private final Map<Integer, LwM2mResource> all = new TreeMap<>();

        public KeepingSecurity() {
        }

        @Override
        public WriteResponse write(LwM2mServer server, boolean replace, int id, LwM2mResource value) {
            all.put(id, value);
            return id >= 6 && id <= 9 || id > 16 ? WriteResponse.success() : super.write(server, replace, id, value);
        }

        @Override
        public ReadResponse read(LwM2mServer server, int id) {
            return all.containsKey(id) ? ReadResponse.success(all.get(id)) : super.read(server, id);
        }

        @Override
        public List<Integer> getAvailableResourceIds(ObjectModel model) {
            return all.isEmpty() ? super.getAvailableResourceIds(model) : new ArrayList<>(all.keySet());
        }
    }

    /** The same for Server. */
    public static class KeepingServer extends Server {
        private final Map<Integer, LwM2mResource> all = new TreeMap<>();

        public KeepingServer() {
        }

        @Override
        public WriteResponse write(LwM2mServer server, boolean replace, int id, LwM2mResource value) {
            all.put(id, value);
            return id > 7 ? WriteResponse.success() : super.write(server, replace, id, value);
        }

        @Override
        public ReadResponse read(LwM2mServer server, int id) {
            return all.containsKey(id) ? ReadResponse.success(all.get(id)) : super.read(server, id);
        }

        @Override
        public List<Integer> getAvailableResourceIds(ObjectModel model) {
            return all.isEmpty() ? super.getAvailableResourceIds(model) : new ArrayList<>(all.keySet());
        }
    }

    /** An object for which Leshan has no class, such as 2: whatever was written. */
    public static class Keeping extends BaseInstanceEnabler {
        private final Map<Integer, LwM2mResource> all = new TreeMap<>();

        @Override
        public WriteResponse write(LwM2mServer server, boolean replace, int id, LwM2mResource value) {
            all.put(id, value);
            return WriteResponse.success();
        }

        @Override
        public ReadResponse read(LwM2mServer server, int id) {
            return all.containsKey(id) ? ReadResponse.success(all.get(id)) : ReadResponse.notFound();
        }

        @Override
        public List<Integer> getAvailableResourceIds(ObjectModel model) {
            return new ArrayList<>(all.keySet());
        }
    }

    /** DTLS with some suites alone. Leshan drops those that do not fit the mode only from Scandium's defaults. */
    static class Dtls extends CoapsClientProtocolProvider {
        private final List<CipherSuite> suites;

        Dtls(String names) {
            suites = CipherSuite.getTypesByNames(names.split(","));
        }

        @Override
        public CaliforniumClientEndpointFactory createDefaultEndpointFactory() {
            return new CoapsClientEndpointFactory() {
                @Override
                protected DtlsConnectorConfig.Builder createEffectiveDtlsConnectorConfigBuilder(InetSocketAddress local,
                        ServerInfo server, DtlsConnectorConfig.Builder root, Configuration conf, boolean clientOnly,
                        List<Certificate> trusted) {
                    DtlsConnectorConfig.Builder dtls = super.createEffectiveDtlsConnectorConfigBuilder(local, server,
                            root, conf, clientOnly, trusted);
                    boolean psk = server.secureMode == SecurityMode.PSK;

                    return dtls.set(DtlsConfig.DTLS_RECOMMENDED_CIPHER_SUITES_ONLY, false) // CBC is one that LwM2M has
                            .set(DtlsConfig.DTLS_CIPHER_SUITES, suites.stream()
                                    .filter(suite -> suite.isPskBased() == psk).collect(Collectors.toList()));
                }
            };
        }
    }

    static String text(Object value) {
        if (value instanceof byte[])
            return Hex.encodeHexString((byte[]) value);
        if (value instanceof Date)
            return String.valueOf(((Date) value).getTime() / 1000);
        if (value instanceof ObjectLink)
            return ((ObjectLink) value).getObjectId() + ":" + ((ObjectLink) value).getObjectInstanceId();
        return String.valueOf(value);
    }

    static void dump(LeshanClient client) {
        for (LwM2mObjectEnabler object : client.getObjectTree().getObjectEnablers().values()) {
            if (object.getId() == 3) // its own
                continue;
            LwM2mObject content = (LwM2mObject) object.read(LwM2mServer.SYSTEM, new ReadRequest(object.getId()))
                    .getContent();
            for (LwM2mObjectInstance instance : content.getInstances().values())
                for (LwM2mResource resource : instance.getResources().values()) {
                    if (!object.getAvailableResourceIds(instance.getId()).contains(resource.getId()))
                        continue; // Leshan's defaults
                    String path = "/" + object.getId() + "/" + instance.getId() + "/" + resource.getId();
                    if (resource.isMultiInstances())
                        for (LwM2mResourceInstance one : resource.getInstances().values())
                            System.out.println(path + "/" + one.getId() + " " + text(one.getValue()));
                    else
                        System.out.println(path + " " + text(resource.getValue()));
                }
        }
    }

    static Security bootstrapAccount(Properties p) {
        byte[] id = Hex.decodeHex(p.getProperty("id").toCharArray());
        byte[] key = Hex.decodeHex(p.getProperty("key").toCharArray());
        byte[] server = Hex.decodeHex(p.getProperty("server", "").toCharArray());

        switch (p.getProperty("mode")) {
        case "psk":
            return Security.pskBootstrap(p.getProperty("uri"), id, key);
        case "rpk":
            return Security.rpkBootstrap(p.getProperty("uri"), id, key, server);
        default:
            return Security.x509Bootstrap(p.getProperty("uri"), id, key, server);
        }
    }

    /** Models of further objects, read by Leshan's own parser. */
    static List<ObjectModel> furtherModels(Properties p) throws Exception {
        List<ObjectModel> models = new ArrayList<>();
        for (String file : p.getProperty("models", "").split(","))
            if (!file.isEmpty())
                models.addAll(ObjectLoader.loadDdfFile(new FileInputStream(file), file));
        return models;
    }

    static LeshanClient build(Properties p) throws Exception {
        List<ObjectModel> further = furtherModels(p), models = new ArrayList<>(ObjectLoader.loadDefault());
        models.addAll(further);
        ObjectsInitializer objects = new ObjectsInitializer(new StaticModel(models));
        objects.setInstancesForObject(0, bootstrapAccount(p));
        objects.setClassForObject(0, KeepingSecurity.class);
        objects.setClassForObject(1, KeepingServer.class);
        objects.setClassForObject(2, Keeping.class);
        for (ObjectModel model : further)
            objects.setClassForObject(model.id, Keeping.class);
        objects.setInstancesForObject(3, new Device("interop", "leshan", "1"));

        String suites = p.getProperty("suites"), format = p.getProperty("format");
        DefaultRegistrationEngineFactory engine = new DefaultRegistrationEngineFactory().setRequestTimeoutInMs(15000);
        if (format != null && !format.equals("11544")) // which it cannot be told to ask for: the profile decides
            engine.setPreferredContentFormat(ContentFormat.fromCode(format));
        return new LeshanClientBuilder(p.getProperty("endpoint")).setObjects(objects.createAll())
                .setDecoder(LwM2mCbor.withLeshans())
                .setRegistrationEngineFactory(engine)
                .setEndpointsProviders(new CaliforniumClientEndpointsProvider.Builder(
                        suites != null ? new Dtls(suites) : new CoapsClientProtocolProvider()).build())
                .build();
    }

    static void leave(int status, String line) {
        System.out.println(line);
        System.out.flush();
        Runtime.getRuntime().halt(status);
    }

    public static void main(String[] args) throws Exception {
        Properties p = new Properties();
        p.load(new FileReader(args[0]));
        LeshanClient client = build(p);
        int[] again = { p.containsKey("again") ? 1 : 0 };
        client.getObjectTree().addListener(new ObjectsListenerAdapter() {
            @Override
            public void objectInstancesRemoved(LwM2mObjectEnabler object, int... ids) {
                for (int id : ids)
                    System.out.println("removed /" + object.getId() + "/" + id);
            }
        });
        client.addObserver(new LwM2mClientObserverAdapter() {
            @Override
            public void onBootstrapSuccess(LwM2mServer server, BootstrapRequest request) {
                System.out.println("bootstrap done");
                dump(client);
            }

            @Override
            public void onBootstrapFailure(LwM2mServer server, BootstrapRequest request, ResponseCode code,
                    String message, Exception cause) {
                leave(BOOTSTRAP_FAILED, "bootstrap failed: " + code + " " + message + " " + cause);
            }

            @Override
            public void onBootstrapTimeout(LwM2mServer server, BootstrapRequest request) {
                leave(BOOTSTRAP_FAILED, "bootstrap failed: no answer");
            }

            @Override
            public void onRegistrationSuccess(LwM2mServer server, RegisterRequest request, String id) {
                System.out.println("registered at " + server.getUri());
                if (again[0]-- > 0) {
                    client.triggerClientInitiatedBootstrap(true);
                    return;
                }
                new Thread(() -> {
                    client.destroy(true); // close_notify and deregistration, then leave
                    leave(0, "end");
                }).start();
            }

            @Override
            public void onRegistrationFailure(LwM2mServer server, RegisterRequest request, ResponseCode code,
                    String message, Exception cause) {
                leave(REGISTER_FAILED, "register failed: " + code + " " + message + " " + cause);
            }

            @Override
            public void onRegistrationTimeout(LwM2mServer server, RegisterRequest request) {
                leave(REGISTER_FAILED, "register failed: no answer");
            }

            @Override
            public void onUnexpectedError(Throwable error) {
                leave(REGISTER_FAILED, "unexpected: " + error);
            }
        });
        client.start();
        Thread.sleep(30000);
        leave(BOOTSTRAP_FAILED, "nothing happened for 30 s");
    }
}
