# docker build -t rookery .        One image for every role: rookery up | edge | worker
#
# Browsers run in a sandbox of their own, which needs user namespaces: start containers that run browsers with
# --security-opt seccomp=deploy/seccomp.json (docker's own profile refuses them), as docker-compose.yml does.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked --package cli && cp target/release/rookery /rookery

FROM nats:2.12-alpine AS nats

FROM debian:bookworm-slim
RUN apt-get update && \
    apt-get install -y --no-install-recommends \
      ca-certificates chromium-headless-shell fontconfig fonts-liberation fonts-noto-cjk fonts-noto-color-emoji tini && \
    rm -rf /var/lib/apt/lists/* && \
    mkdir /data
COPY --from=nats /usr/local/bin/nats-server /usr/local/bin/nats-server
COPY --from=build /rookery /usr/local/bin/rookery
ENV ROOKERY_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
# The first process of a container has to collect what others leave behind; that is tini's work.
ENTRYPOINT ["tini", "--", "rookery"]
CMD ["up"]
