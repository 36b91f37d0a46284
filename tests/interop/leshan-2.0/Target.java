// SPDX-License-Identifier: Apache-2.0
//
// A Leshan 2.0 LwM2M server, the one that the delivered accounts lead to: PSK, RPK and X.509 on one port.
//
//   java Target FILE    properties: port, suites (IANA names), in hexadecimal certificate, key, anchor; for each client
//                       psk.ENDPOINT=identity:key (hexadecimal), rpk.ENDPOINT=SubjectPublicKeyInfo, x509.ENDPOINT=
//
// Prints "listening", then "registered ENDPOINT VERSION LIFETIME" for each registration.

import java.io.FileReader;
import java.nio.charset.StandardCharsets;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.Properties;

import org.eclipse.californium.scandium.config.DtlsConfig;
import org.eclipse.californium.scandium.config.DtlsConfig.DtlsRole;
import org.eclipse.californium.scandium.dtls.cipher.CipherSuite;
import org.eclipse.leshan.core.observation.Observation;
import org.eclipse.leshan.core.security.util.SecurityUtil;
import org.eclipse.leshan.core.util.Hex;
import org.eclipse.leshan.server.LeshanServer;
import org.eclipse.leshan.server.LeshanServerBuilder;
import org.eclipse.leshan.server.registration.Registration;
import org.eclipse.leshan.server.registration.RegistrationListener;
import org.eclipse.leshan.server.registration.RegistrationUpdate;
import org.eclipse.leshan.servers.security.InMemorySecurityStore;
import org.eclipse.leshan.servers.security.SecurityInfo;
import org.eclipse.leshan.transport.californium.server.endpoint.CaliforniumServerEndpointsProvider;
import org.eclipse.leshan.transport.californium.server.endpoint.coaps.CoapsServerProtocolProvider;

public class Target {
    static byte[] hex(String text) {
        return Hex.decodeHex(text.toCharArray());
    }

    static SecurityInfo client(String mode, String endpoint, String value) throws Exception {
        switch (mode) {
        case "psk":
            String[] part = value.split(":");
            return SecurityInfo.newPreSharedKeyInfo(endpoint, new String(hex(part[0]), StandardCharsets.UTF_8),
                    hex(part[1]));
        case "rpk":
            return SecurityInfo.newRawPublicKeyInfo(endpoint, SecurityUtil.publicKey.decode(hex(value)));
        default:
            return SecurityInfo.newX509CertInfo(endpoint);
        }
    }

    public static void main(String[] args) throws Exception {
        Properties p = new Properties();
        p.load(new FileReader(args[0]));
        InMemorySecurityStore store = new InMemorySecurityStore();
        for (String name : p.stringPropertyNames())
            if (name.matches("(psk|rpk|x509)\\..*"))
                store.add(client(name.substring(0, name.indexOf('.')), name.substring(name.indexOf('.') + 1),
                        p.getProperty(name)));

        LeshanServer server = new LeshanServerBuilder().setSecurityStore(store)
                .setPrivateKey(SecurityUtil.privateKey.decode(hex(p.getProperty("key"))))
                .setCertificateChain(
                        new X509Certificate[] { SecurityUtil.certificate.decode(hex(p.getProperty("certificate"))) })
                .setTrustedCertificates(
                        new Certificate[] { SecurityUtil.certificate.decode(hex(p.getProperty("anchor"))) })
                .setEndpointsProviders(new CaliforniumServerEndpointsProvider.Builder(new CoapsServerProtocolProvider())
                        // else a certificate that is for serverAuth alone is refused, and no port opened
                        .setConfiguration(c -> c.set(DtlsConfig.DTLS_ROLE, DtlsRole.SERVER_ONLY)
                                .set(DtlsConfig.DTLS_RECOMMENDED_CIPHER_SUITES_ONLY, false)
                                .set(DtlsConfig.DTLS_CIPHER_SUITES,
                                        CipherSuite.getTypesByNames(p.getProperty("suites").split(","))))
                        .addEndpoint("coaps://127.0.0.1:" + p.getProperty("port")).build())
                .build();
        server.getRegistrationService().addListener(new RegistrationListener() {
            @Override
            public void registered(Registration now, Registration before, Collection<Observation> observations) {
                System.out.println("registered " + now.getEndpoint() + " " + now.getLwM2mVersion() + " "
                        + now.getLifeTimeInSec());
            }

            @Override
            public void updated(RegistrationUpdate update, Registration now, Registration before) {
            }

            @Override
            public void unregistered(Registration registration, Collection<Observation> observations, boolean expired,
                    Registration next) {
            }
        });
        server.start();
        System.out.println("listening");
    }
}
