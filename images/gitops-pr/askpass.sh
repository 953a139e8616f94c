#!/bin/sh
# git runs this with its question as the argument, and reads the answer. printf is built into sh: no process has the token
# among its arguments.
case "$1" in
Username*) printf '%s\n' x-access-token ;;
*) printf '%s\n' "$GITHUB_TOKEN" ;;
esac
