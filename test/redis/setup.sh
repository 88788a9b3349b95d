#!/usr/bin/env bash
# Sees to it that there is a Redis server: Debian's, installed where it is missing and can be. The tests start it themselves, on a free port of this machine.
set -eu
command -v redis-server >/dev/null && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "test-queue needs Redis (Debian's package 'redis-server'), which is not here and cannot be installed by this user." >&2
  exit 1
fi
apt-get update -qq
# Without starting it: the tests want one of their own.
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod +x /usr/sbin/policy-rc.d
trap 'rm -f /usr/sbin/policy-rc.d' EXIT
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server >/dev/null
