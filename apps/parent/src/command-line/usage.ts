export const USAGE = `usage: communique-tee <command> [options]      (dist/apps/parent/main.js)

  egress-proxy    carries the enclave's TLS connections to the destinations it is given, and to nothing else
  log-collector   writes the enclave's log, line by line and redacted, to standard output

egress-proxy
  --route <address>=<host>:<port>    listens on the address, for this one destination; repeat it. E.g. vsock:8001=cwc.house.gov:443
  --config <file>                    JSON: {"routes": [{"listen", "host", "port", "maxConnections"?}], and the options below in
                                     camelCase}; options on the command line come first
  --max-connections <n>              open at once in all (default 512)
  --max-connections-per-route <n>    (default 256)
  --connect-timeout-ms <n>           name resolution included (default 10000)
  --idle-timeout-ms <n>              without a byte in either direction (default 300000)
  --drain-ms <n>                     how long open connections may finish after SIGTERM (default 10000)
  --metrics <address>                Prometheus, on loopback or unix, e.g. tcp:127.0.0.1:9465 (default: none)

log-collector
  --listen <address>                 (default vsock:9001)
  --max-lines-per-second <n>         above it lines are dropped and counted (default 200, and ten times that in a burst)
  --metrics <address>
  --raw                              development only: show lines that are no log events, escaped

Addresses: vsock:<port>, vsock:<cid>:<port>, unix:<path>, tcp:<loopback>:<port>, hybrid:<path>:<port> (an emulated enclave's).
Exit code: 0 stopped by SIGTERM or SIGINT, 1 failed (starting again may help), 78 told something wrong (it will not).
`;
