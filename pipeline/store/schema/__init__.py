"""Define the ledger's tables, by subject; all of them stand in one ``metadata``.

Times are UTC. A change of a table goes through a migration in ``migrations/versions``. One module of ``pipeline.store``
writes each table; every other module only reads it:

=====================  ====================================================  ==================
table                  what a row is                                         written by
=====================  ====================================================  ==================
items                  where an article stands                               article_state
addresses              an address, or another sign, of an article            article_addresses
records                what a stage made of a version of an article          stage_records
outcomes               what became of one attempt: the history               outcome_log
visits                 when an article's page is looked at again             visits
feeds                  a feed and its state                                  feeds
gaps, arrivals         what feeds failed to show; articles by hour           gaps
source_days            how a source fared on a day                           source_days
robots                 a host's robots.txt                                   robots
hosts                  whose a host is, and when it may be asked next        hosts
subscriptions, pushes  a feed's hub; what it pushed                          subscriptions
sites                  a site's alarm                                        site_profiles
site_pages             a site's latest pages                                 site_profiles
site_lines             the lines learnt of a site                            site_profiles
site_readings          what was read of one of a site's latest pages         site_readings
frequencies            in how many texts which term stands                   frequency_memory
copy_sketches          an article's sketch                                   posting_tables
copy_terms             a posting: from a term to a sketch                    posting_tables
copy_terms_new         the same, on SQLite, until it moves on                posting_tables
stories                a story as cluster compares articles with it          posting_tables
story_postings         the stories to which a term leads                     story_postings
story_groups           the story of a copy group                             story_index
voters                 a vote and its dense vector, by copy group            voter_memory
language_days          how many articles of a language came on a day         voter_memory
story_cards            what is known of a story for good                     story_catalog
story_aliases          the former id of a story                              story_catalog
entities               an entity, its name and how many articles name it     entity_memory
entity_articles        that an article names an entity                       entity_memory
entity_forms           a surface form of an entity                           entity_memory
decisions              what an editor decided, and who undid it             decisions
decision_moves         where a decision put an article                       decisions
wire_items             what a sender says of an item                         wire_items
withdrawal_notices     a notice that takes an item back                      withdrawal_notices
withdrawn              a document that the index must not keep               outbox
unwanted_blobs         a blob that the archive must not keep                 outbox
losses                 a group or story that lost an article                 outbox
regrouped              an article that cluster places again                  outbox
imports                how far a file was imported                           file_imports
meta                   a value by its name                                   named_values
locks                  who holds a stage's lock                              locks
programs               what a running program tells of itself                programs
runs                   a run, under Airflow or of a command                  runs
samples                what waited, and how programs fared, in a minute      samples
replays                a stage that is done again over some articles         replays
replay_articles        an article that would differ by a replay              replays
alerts                 what is or was wrong                                  alerts
deliveries             a message that a notifier sends                       deliveries
changes                what became of a document, in order                   changes
api_keys               a key by which the API is used                        api_keys
saved_searches         what readers want to be told of                       saved_searches
search_matches         an article that a saved search told of                saved_searches
=====================  ====================================================  ==================
"""

from __future__ import annotations

from pipeline.store.schema import (
    access,
    alerts,
    articles,
    bookkeeping,
    changes,
    copies,
    decisions,
    entities,
    feeds,
    hosts,
    imports,
    outbox,
    replays,
    saved_searches,
    sites,
    stories,
    term_frequencies,
    websub,
    wires,
)
from pipeline.store.schema.base import BIG, Utc, metadata

__all__ = [
    "BIG",
    "SCHEMA",
    "Utc",
    "access",
    "alerts",
    "articles",
    "bookkeeping",
    "changes",
    "copies",
    "decisions",
    "entities",
    "feeds",
    "hosts",
    "imports",
    "metadata",
    "outbox",
    "replays",
    "saved_searches",
    "sites",
    "stories",
    "term_frequencies",
    "websub",
    "wires",
]

SCHEMA = "0027"  # the newest of migrations/versions
