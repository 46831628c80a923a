# shellcheck shell=bash
command_test() { die "Not available yet."; }
command_bench() { die "Not available yet."; }
