# shellcheck shell=bash
command_backup() { die "Not available yet."; }
command_restore() { die "Not available yet."; }
