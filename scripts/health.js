/** For HEALTHCHECK: exit 0 when the engine in this container answers /healthz, by HTTP or, where it has a certificate, HTTPS. */
import http from "node:http";
import https from "node:https";

const { PORT = "8080", PARLEY_TLS_CERT = "" } = process.env;
const secure = PARLEY_TLS_CERT !== "";
const options = { host: "127.0.0.1", port: PORT, path: "/healthz", timeout: 2500, rejectUnauthorized: false };
const request = (secure ? https : http).get(options, (response) => process.exit(response.statusCode === 200 ? 0 : 1));
request.on("timeout", () => process.exit(1));
request.on("error", () => process.exit(1));
