#!/usr/bin/env bash
# Sees to it that there is a browser: Debian's Chromium, installed where it is missing and can be.
set -eu
command -v chromium >/dev/null && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "test-web needs Chromium (Debian's package 'chromium'), which is not here and cannot be installed by this user." >&2
  exit 1
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
