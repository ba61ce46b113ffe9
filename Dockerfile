# Parley in a container: the engine with everything embedded, for Linux x64 and arm64.
#
#   docker build -t parley .
#   docker run --rm -p 8080:8080 -p 50000:50000/udp -v parley-data:/data \
#     -e PARLEY_APP_ID=$(openssl rand -hex 16) -e PARLEY_APP_CERTIFICATE=$(openssl rand -hex 16) \
#     -e PARLEY_CUSTOMER_ID=me -e PARLEY_CUSTOMER_SECRET=$(openssl rand -hex 16) \
#     -e PARLEY_RTC__ANNOUNCED_ADDRESSES=<the address under which browsers reach this machine> parley
#
# In a container the engine listens on all addresses, so credentials have to be given: it refuses to start without.
# Browsers give no microphone off localhost without HTTPS: set PARLEY_TLS_CERT and PARLEY_TLS_KEY, or put a proxy before it.

FROM node:24-trixie-slim AS page
WORKDIR /parley
COPY . .
RUN npm ci && npm cache clean --force

FROM node:24-trixie-slim AS engine
WORKDIR /parley
COPY package.json package-lock.json .npmrc ./
COPY scripts scripts
COPY packages packages
COPY bench/package.json bench/
COPY e2e/package.json e2e/
COPY examples examples
# Weights come with the packages; nothing else is downloaded, and no install script runs.
RUN npm ci --workspace packages/engine --omit=dev --ignore-scripts && node scripts/prune-image.js && npm cache clean --force

FROM node:24-trixie-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 PARLEY_DATA_DIR=/data PARLEY_RTC__UDP_PORT=50000
WORKDIR /parley
COPY --from=engine /parley /parley
COPY --from=page /parley/packages/console/dist packages/console/dist
COPY LICENSE NOTICE ./
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8080/tcp 50000/udp
STOPSIGNAL SIGTERM
# Alive, not ready: a container that still loads its models is in order. Load balancers look at /readyz.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "scripts/health.js"]
# npx and npm do not pass signals on; node does.
ENTRYPOINT ["node", "--conditions=source", "packages/engine/src/cli/parley.ts"]
CMD ["start"]
