"""Contracts of a client: what it must cope with, asked through a small adapter, against a simulator of the suite's own.

Reading order: `adapter` (what you write), `features` (what you claim), `jsonl_process` and `adapter_server` (how it is
driven, in any language), `harness` (one client in one sandbox), `properties` (what is asked), `checking` (the run).
"""
