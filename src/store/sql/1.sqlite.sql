-- The engine's store, schema 1. Protected: it knows who people are. Never edited after release.
-- Times: *_us is microseconds since 1970-01-01T00:00:00Z. *_id of texts that repeat refer to term.

-- Keyed check of the key file and what else belongs to the store as a whole.
CREATE TABLE meta(
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Texts that repeat: sources, codes, analytes, units, ranges, sites. Id 1 is the empty text.
CREATE TABLE term(
  term_id INTEGER PRIMARY KEY,
  text    TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO term(term_id, text) VALUES (1, '');

CREATE TABLE configuration(
  config_id     INTEGER PRIMARY KEY,
  hash          TEXT NOT NULL UNIQUE,
  description   TEXT NOT NULL DEFAULT '',
  first_used_us INTEGER NOT NULL
) STRICT;

-- One row a message that arrived, whatever became of it. The balance is a rule of the table.
CREATE TABLE message(
  message_id       INTEGER PRIMARY KEY,
  state            TEXT NOT NULL CHECK (state IN
                     ('received', 'processed', 'held', 'duplicate', 'refused', 'quarantined',
                      'batch')),
  source_id        INTEGER NOT NULL,
  control_id       TEXT NOT NULL,
  type_id          INTEGER NOT NULL,
  version_id       INTEGER NOT NULL,
  message_time     TEXT NOT NULL,
  received_us      INTEGER NOT NULL,
  port             INTEGER NOT NULL,
  peer_id          INTEGER NOT NULL,
  certificate_id   INTEGER NOT NULL,
  ack_id           TEXT NOT NULL,
  size             INTEGER NOT NULL,
  sha256           BLOB NOT NULL,
  sameness         BLOB NOT NULL,
  duplicate_of     INTEGER,
  received         INTEGER NOT NULL,
  stored           INTEGER NOT NULL,
  held             INTEGER NOT NULL,
  ignored          INTEGER NOT NULL,
  rule             INTEGER NOT NULL,            -- catalogue number: why quarantined or refused, else 0
  ack_code         TEXT NOT NULL CHECK (ack_code IN ('AA', 'AE', 'AR', 'none')),
  ack              BLOB,                        -- of original mode, or the application's in enhanced mode
  accept_ack       BLOB,                        -- the accept acknowledgement, sent before it
  ack_apart        INTEGER NOT NULL DEFAULT 0 CHECK (ack_apart IN (0, 1)),  -- ack goes by ack_outbox
  config_id        INTEGER,
  registry_version INTEGER NOT NULL,
  awaiting         BLOB,                        -- its keys in awaiting, 8 bytes each
  purge_after_us   INTEGER,                     -- all ignored as not registered: raw goes then
  stream_offset    INTEGER,                     -- of evidence: where it began in its connection
  batch_id         INTEGER,                     -- of a member: the message that holds its bytes
  batch_offset     INTEGER,                     -- and where they begin there; `size` is their length
  batch_hold       INTEGER,                     -- catalogue number: why the batch holds it, else 0
  batch_marked     INTEGER,                     -- 1: a UTF-8 byte-order mark stands before the batch
  CHECK (received = stored + held + ignored)
) STRICT;
-- The ledger by day: an append to the rightmost leaf.
CREATE INDEX message_by_received ON message(received_us);
CREATE INDEX message_by_original ON message(duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX message_by_batch ON message(batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX message_by_evidence ON message(message_id) WHERE state = 'quarantined';
CREATE INDEX message_by_purge ON message(purge_after_us) WHERE purge_after_us IS NOT NULL;

-- What says whether a control id came before. Duplicates and quarantined bytes have no row.
CREATE TABLE message_key(
  source_id  INTEGER NOT NULL,
  control_id TEXT NOT NULL,
  message_id INTEGER NOT NULL,
  PRIMARY KEY (source_id, control_id, message_id)
) STRICT, WITHOUT ROWID;

-- The bytes as received. format: -1 purged (digest and counts stay), 0 plain, 1 zstd, 2 zstd then
-- AEAD with the message id as associated data. lineage: what process() and decide() said of it the first
-- time, packed (lineage_record.md), in the same format. A batch's member has no bytes of its own. Where a
-- member was purged, its bytes in the batch are blanks and blanked is 1.
CREATE TABLE message_raw(
  message_id INTEGER PRIMARY KEY,
  format     INTEGER NOT NULL CHECK (format BETWEEN -1 AND 2),
  key_id     INTEGER NOT NULL,
  bytes      BLOB,
  lineage    BLOB,
  blanked    INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Each time that a message was processed again: nothing of the earlier times is overwritten.
CREATE TABLE message_again(
  message_id       INTEGER NOT NULL,
  number           INTEGER NOT NULL,
  at_us            INTEGER NOT NULL,
  config_id        INTEGER NOT NULL,
  registry_version INTEGER NOT NULL,
  moves            TEXT NOT NULL,   -- `3:held:301>stored:0`, one a changed observation
  format           INTEGER NOT NULL CHECK (format BETWEEN 0 AND 2),
  key_id           INTEGER NOT NULL,
  lineage          BLOB NOT NULL,
  PRIMARY KEY (message_id, number)
) STRICT, WITHOUT ROWID;

-- A specimen as results name it: part of a result's identity.
CREATE TABLE specimen(
  specimen_id INTEGER PRIMARY KEY,
  source_id   INTEGER NOT NULL,
  order_no    TEXT NOT NULL,
  specimen_no TEXT NOT NULL,
  collected   TEXT NOT NULL,
  UNIQUE (source_id, order_no, specimen_no, collected)
) STRICT;

-- The ledger's lines; where stored, the result version itself. disposition: Stored, Held, Ignored.
-- status: 0 preliminary 1 final 2 corrected 3 promoted 4 not done 5 withdrawn.
-- comparator: 0 none 1 < 2 <= 3 > 4 >=. result_state as units/result_state.hpp counts.
-- *_shape: precision, and the offset where there is one (times.hpp). An observation that is ignored
-- because its patient is in no trial keeps no value.
CREATE TABLE observation(
  message_id      INTEGER NOT NULL,
  ordinal         INTEGER NOT NULL,
  disposition     TEXT NOT NULL CHECK (disposition IN ('S', 'H', 'I')),
  rule            INTEGER NOT NULL,
  place           TEXT NOT NULL,
  place_offset    INTEGER,
  config_id       INTEGER NOT NULL,
  subject_id      INTEGER,
  number          INTEGER,
  specimen_id     INTEGER,
  code_id         INTEGER NOT NULL,
  code_system_id  INTEGER NOT NULL,
  code_text_id    INTEGER NOT NULL,
  sub_id          TEXT NOT NULL,
  device_id       INTEGER NOT NULL,
  repeat_message  INTEGER,
  repeat_ordinal  INTEGER,
  status          INTEGER NOT NULL CHECK (status BETWEEN 0 AND 5),
  status_code     TEXT NOT NULL,
  version_us      INTEGER NOT NULL,
  analyte_id      INTEGER NOT NULL,
  value_reported  TEXT,
  unit_reported_id   INTEGER NOT NULL,
  range_reported_id  INTEGER NOT NULL,
  flags_reported  TEXT,
  comparator      INTEGER NOT NULL CHECK (comparator BETWEEN 0 AND 4),
  value_text      TEXT,
  value_num       TEXT,
  unit_id         INTEGER NOT NULL,
  conversion_id   INTEGER NOT NULL,
  ref_low         TEXT,
  ref_high        TEXT,
  range_flag      TEXT,
  lloq            TEXT,
  uloq            TEXT,
  least           TEXT,
  most            TEXT,
  result_state    INTEGER NOT NULL CHECK (result_state BETWEEN 0 AND 7),
  grade           TEXT,
  grade_scale_id  INTEGER NOT NULL,
  collected       TEXT,
  collected_wall  INTEGER,
  collected_shape INTEGER,
  local_wall      INTEGER,
  local_shape     INTEGER,
  collected_us    INTEGER,
  visit_id        INTEGER NOT NULL,
  reported_at     TEXT,
  laboratory_id   INTEGER NOT NULL,
  method_id       INTEGER NOT NULL,
  forwards        INTEGER NOT NULL CHECK (forwards IN (0, 1)),
  PRIMARY KEY (message_id, ordinal)
) STRICT, WITHOUT ROWID;

-- A result: its identity, its current version, where it is placed. The versions are observations (or
-- derived_version rows); `versions` lists them where there are several. kind: 0 scheduled 1 unscheduled
-- 2 history. role: 0 chosen 1 additional.
CREATE TABLE result(
  subject_id        INTEGER NOT NULL,
  number            INTEGER NOT NULL,
  source_id         INTEGER NOT NULL,
  specimen_id       INTEGER NOT NULL,
  code_id           INTEGER NOT NULL,
  sub_id            TEXT NOT NULL,
  derived_id        INTEGER NOT NULL,
  current_message   INTEGER NOT NULL,
  current_ordinal   INTEGER NOT NULL,
  current_position  INTEGER NOT NULL,  -- among the versions, from 0
  versions          TEXT,              -- `<message>.<ordinal>` by blanks, in their order
  visit_id          INTEGER NOT NULL,
  kind              INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 2),
  role              INTEGER NOT NULL CHECK (role IN (0, 1)),
  study_day         INTEGER,
  forwarded         INTEGER NOT NULL CHECK (forwarded IN (0, 1)),
  placement_version INTEGER NOT NULL,
  first_delivery    INTEGER,           -- the first outbox row that carried it
  PRIMARY KEY (subject_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE derived_version(
  subject_id      INTEGER NOT NULL,
  number          INTEGER NOT NULL,
  inputs          TEXT NOT NULL,     -- `<message>.<ordinal>` by blanks
  position        INTEGER NOT NULL,  -- among the result's versions, from 0; -1: no version any more, but told
  message_id      INTEGER NOT NULL,
  ordinal         INTEGER NOT NULL,
  config_id       INTEGER NOT NULL,
  status          INTEGER NOT NULL CHECK (status BETWEEN 0 AND 5),
  status_code     TEXT NOT NULL,
  version_us      INTEGER NOT NULL,
  analyte_id      INTEGER NOT NULL,
  value_reported  TEXT,
  unit_reported_id   INTEGER NOT NULL,
  range_reported_id  INTEGER NOT NULL,
  flags_reported  TEXT,
  comparator      INTEGER NOT NULL CHECK (comparator BETWEEN 0 AND 4),
  value_text      TEXT,
  value_num       TEXT,
  unit_id         INTEGER NOT NULL,
  conversion_id   INTEGER NOT NULL,
  ref_low         TEXT,
  ref_high        TEXT,
  range_flag      TEXT,
  lloq            TEXT,
  uloq            TEXT,
  least           TEXT,
  most            TEXT,
  result_state    INTEGER NOT NULL CHECK (result_state BETWEEN 0 AND 7),
  grade           TEXT,
  grade_scale_id  INTEGER NOT NULL,
  collected       TEXT,
  collected_wall  INTEGER,
  collected_shape INTEGER,
  local_wall      INTEGER,
  local_shape     INTEGER,
  collected_us    INTEGER,
  visit_id        INTEGER NOT NULL,
  reported_at     TEXT,
  laboratory_id   INTEGER NOT NULL,
  method_id       INTEGER NOT NULL,
  forwards        INTEGER NOT NULL CHECK (forwards IN (0, 1)),
  PRIMARY KEY (subject_id, number, inputs)
) STRICT, WITHOUT ROWID;

-- Where results go: the targets of the server that ran last. fence: raised by each node that takes the
-- target over.
CREATE TABLE target(
  target_id INTEGER PRIMARY KEY,
  fence     INTEGER NOT NULL DEFAULT 1
) STRICT;

-- One row a (message, subject, target): what a target is still to be told. `results` are numbers of the
-- subject's results, with the reason's catalogue number where there is one: `12 13:537`; or `L4`: the scope of
-- lock fact 4 (subject_id 0: of a study).
CREATE TABLE outbox(
  delivery_id   INTEGER PRIMARY KEY,
  target_id     INTEGER NOT NULL,
  subject_id    INTEGER NOT NULL,
  message_id    INTEGER,
  state         TEXT NOT NULL CHECK (state IN
                  ('ready', 'sending', 'delivered', 'retry', 'rejected', 'unknown')),
  fence         INTEGER NOT NULL DEFAULT 1,
  attempts      INTEGER NOT NULL DEFAULT 0,
  not_before_us INTEGER NOT NULL DEFAULT 0,
  results       TEXT NOT NULL,
  closed_us     INTEGER,
  why           TEXT
) STRICT;
CREATE INDEX outbox_due ON outbox(target_id, delivery_id) WHERE state IN ('ready', 'retry');
CREATE INDEX outbox_open ON outbox(target_id, state, delivery_id)
  WHERE state IN ('sending', 'unknown', 'rejected');

-- What stands at a target because we wrote it (place, content), and what is being written (sending_*), of
-- targets where a repeat can do harm. In the target's own words: it compares them with what it reads there.
CREATE TABLE delivered_value(
  target_id       INTEGER NOT NULL,
  subject_id      INTEGER NOT NULL,
  number          INTEGER NOT NULL,
  place           TEXT,
  content         TEXT,
  sending_place   TEXT,
  sending_content TEXT,
  PRIMARY KEY (target_id, subject_id, number)
) STRICT, WITHOUT ROWID;

-- Application acknowledgements that a source wants on a connection of its own, until they are delivered. The
-- bytes are the message's. A resend puts its original's row here again.
CREATE TABLE ack_outbox(
  message_id    INTEGER PRIMARY KEY,
  source_id     INTEGER NOT NULL,
  attempts      INTEGER NOT NULL DEFAULT 0,
  not_before_us INTEGER NOT NULL DEFAULT 0,
  why           TEXT
) STRICT;

-- The last number (MSH-13) of a source whose messages are counted; -1: any number begins.
CREATE TABLE source_sequence(
  source_id INTEGER PRIMARY KEY,
  last      INTEGER NOT NULL
) STRICT;

-- Up to which outbox row a subject's results were told to some target.
CREATE TABLE delivery_progress(
  subject_id     INTEGER PRIMARY KEY,
  delivered_upto INTEGER NOT NULL
) STRICT;

-- Held observations (ordinal 0: the message itself), one row a cause in time. pending: not yet counted by
-- the grouping. who: the subject's id, or a keyed hash of the patient.
CREATE TABLE hold(
  message_id  INTEGER NOT NULL,
  ordinal     INTEGER NOT NULL,
  number      INTEGER NOT NULL,
  rule        INTEGER NOT NULL,
  source_id   INTEGER NOT NULL,
  object      TEXT NOT NULL,
  who         INTEGER,
  opened_us   INTEGER NOT NULL,
  released_us INTEGER,
  problem_id  INTEGER,
  pending     INTEGER,
  PRIMARY KEY (message_id, ordinal, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX hold_pending ON hold(message_id) WHERE pending IS NOT NULL;
CREATE INDEX hold_by_problem ON hold(problem_id) WHERE problem_id IS NOT NULL;

-- What a person must decide although nothing is held. subject_id 0: it is about the message's source.
CREATE TABLE notice(
  notice_id  INTEGER PRIMARY KEY,
  rule       INTEGER NOT NULL,
  subject_id INTEGER NOT NULL,
  detail     TEXT NOT NULL,
  message_id INTEGER,
  opened_us  INTEGER NOT NULL,
  problem_id INTEGER,
  UNIQUE (rule, subject_id, detail)
) STRICT;
CREATE INDEX notice_pending ON notice(notice_id) WHERE problem_id IS NULL;
CREATE INDEX notice_by_problem ON notice(problem_id) WHERE problem_id IS NOT NULL;

-- Append-only: who froze, locked and released what, and why. subject_id 0: the whole study; visit empty: the
-- whole subject. accepted: JSON, the outstanding items that the signature took on.
CREATE TABLE lock_fact(
  fact_id    INTEGER PRIMARY KEY,
  at_us      INTEGER NOT NULL,
  actor      TEXT NOT NULL,
  action     TEXT NOT NULL CHECK (action IN ('freeze', 'unfreeze', 'lock', 'unlock')),
  study      TEXT NOT NULL,
  subject_id INTEGER NOT NULL,
  visit      TEXT NOT NULL,
  reason     TEXT NOT NULL,
  signature  TEXT NOT NULL,
  accepted   TEXT NOT NULL
) STRICT;

-- What follows from it: the state of every scope that ever had one.
CREATE TABLE lock_scope(
  study      TEXT NOT NULL,
  subject_id INTEGER NOT NULL,
  visit      TEXT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('open', 'frozen', 'locked')),
  since_us   INTEGER NOT NULL,
  fact_id    INTEGER NOT NULL REFERENCES lock_fact(fact_id),
  PRIMARY KEY (study, subject_id, visit)
) STRICT, WITHOUT ROWID;

-- A result that changed in a frozen or locked scope. told: JSON, what the study databases hold of it; NULL:
-- nothing. new_words: JSON, the words of what it would become. The newest row of a result counts.
CREATE TABLE post_lock_item(
  item_id    INTEGER PRIMARY KEY,
  subject_id INTEGER NOT NULL,
  number     INTEGER NOT NULL,
  state      TEXT NOT NULL CHECK (state IN
               ('waiting', 'open', 'authorised', 'forwarded', 'not applied', 'lapsed')),
  told       TEXT,
  new_words  TEXT NOT NULL,
  reason     INTEGER NOT NULL,
  message_id INTEGER,
  opened_us  INTEGER NOT NULL,
  changed_us INTEGER NOT NULL
) STRICT;
CREATE INDEX post_lock_by_result ON post_lock_item(subject_id, number, item_id);

-- Append-only: what became of an item, by whom and why.
CREATE TABLE post_lock_fact(
  fact_id    INTEGER PRIMARY KEY,
  item_id    INTEGER NOT NULL REFERENCES post_lock_item(item_id),
  at_us      INTEGER NOT NULL,
  actor      TEXT NOT NULL,
  from_state TEXT NOT NULL,
  to_state   TEXT NOT NULL,
  reason     TEXT NOT NULL,
  signature  TEXT NOT NULL
) STRICT;
CREATE INDEX post_lock_fact_by_item ON post_lock_fact(item_id);

-- Subjects whose label or site changed while some of their results were kept back: these still go by the old one.
CREATE TABLE untold_label(
  subject_id INTEGER PRIMARY KEY
) STRICT;

CREATE TABLE problem(
  problem_id INTEGER PRIMARY KEY,
  state      TEXT NOT NULL CHECK (state IN ('open', 'in review', 'resolved', 'dismissed')),
  rule       INTEGER NOT NULL,
  source_id  INTEGER NOT NULL,
  object     TEXT NOT NULL,
  open_count INTEGER NOT NULL,
  total      INTEGER NOT NULL,
  first_us   INTEGER NOT NULL,
  last_us    INTEGER NOT NULL,
  closed_us  INTEGER,
  UNIQUE (rule, source_id, object)
) STRICT;

CREATE TABLE problem_who(
  problem_id INTEGER NOT NULL REFERENCES problem(problem_id),
  who        INTEGER NOT NULL,
  PRIMARY KEY (problem_id, who)
) STRICT, WITHOUT ROWID;

-- What would bring held or ignored observations back; keyed hashes, so that no patient stands here.
CREATE TABLE awaiting(
  key_hash   INTEGER NOT NULL,
  message_id INTEGER NOT NULL,
  PRIMARY KEY (key_hash, message_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE job(
  job_id     INTEGER PRIMARY KEY,
  created_us INTEGER NOT NULL,
  actor      TEXT NOT NULL,
  messages   TEXT NOT NULL,
  subjects   TEXT NOT NULL,
  done_us    INTEGER
) STRICT;
CREATE INDEX job_open ON job(job_id) WHERE done_us IS NULL;

-- Append-only: who said what about whom, and when. The tables after it are what follows from it.
CREATE TABLE registry_fact(
  fact_id INTEGER PRIMARY KEY,        -- the registry's version
  at_us   INTEGER NOT NULL,
  actor   TEXT NOT NULL,
  kind    TEXT NOT NULL CHECK (kind IN ('subject', 'specimen')),
  object  TEXT NOT NULL,              -- subject id, or `authority:specimen`
  fact    TEXT NOT NULL               -- JSON: the fields that it sets
) STRICT;

CREATE TABLE subject(
  subject_id INTEGER PRIMARY KEY,
  study      TEXT NOT NULL,
  site       TEXT NOT NULL,
  stable_key TEXT NOT NULL,           -- as first registered: part of every result_id
  record     TEXT NOT NULL,           -- JSON
  fact_id    INTEGER NOT NULL REFERENCES registry_fact(fact_id),
  UNIQUE (study, stable_key)
) STRICT;

CREATE TABLE subject_identifier(
  authority  TEXT NOT NULL,
  value      TEXT NOT NULL,
  subject_id INTEGER NOT NULL REFERENCES subject(subject_id),
  PRIMARY KEY (authority, value, subject_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE registered_specimen(
  authority         TEXT NOT NULL,
  specimen          TEXT NOT NULL,
  patient_authority TEXT,
  patient           TEXT,
  subject_no        TEXT NOT NULL,
  collected_at      TEXT,
  visit             TEXT NOT NULL,
  fact_id           INTEGER NOT NULL,
  PRIMARY KEY (authority, specimen)
) STRICT, WITHOUT ROWID;

-- One chain of hashes a life of a node: a row's hash covers the one before it, every column here, and
-- the digests of before, after and reason rather than their texts. Where a text had to be erased, empty
-- it and its digest here keep the chain. ingest: one row a batch, whose digest covers message ids, hashes
-- and outcomes; everything else one row each. drift_us: how far the clock was behind its highest reading.
CREATE TABLE audit(
  audit_id INTEGER PRIMARY KEY,
  node     INTEGER NOT NULL,
  life     INTEGER NOT NULL,
  at_us    INTEGER NOT NULL,
  drift_us INTEGER NOT NULL,
  kind     TEXT NOT NULL,
  actor    TEXT NOT NULL,
  role     TEXT NOT NULL,
  origin   TEXT NOT NULL CHECK (origin IN ('page', 'command', 'engine')),
  session  TEXT NOT NULL,
  what     TEXT NOT NULL,
  object_kind TEXT NOT NULL,
  object   TEXT NOT NULL,
  before   TEXT NOT NULL,      -- JSON; empty: it did not exist
  after    TEXT NOT NULL,      -- JSON; empty: it is gone
  reason_code TEXT NOT NULL,
  reason   TEXT NOT NULL,
  version  TEXT NOT NULL,      -- of the build
  config_hash TEXT NOT NULL,
  digest   BLOB NOT NULL,
  before_digest BLOB,          -- of an erased text; NULL: the text is there
  after_digest BLOB,
  reason_digest BLOB,
  previous BLOB NOT NULL,
  hash     BLOB NOT NULL
) STRICT;
CREATE INDEX audit_by_time ON audit(at_us);
CREATE INDEX audit_drifted ON audit(drift_us) WHERE drift_us > 0;
-- What happens all the time is found by its time; everything else also by who, what kind and object.
CREATE INDEX audit_of_people ON audit(audit_id) WHERE kind <> 'ingest';
CREATE INDEX audit_by_actor ON audit(actor, audit_id) WHERE kind <> 'ingest';
CREATE INDEX audit_by_kind ON audit(kind, audit_id) WHERE kind <> 'ingest';
CREATE INDEX audit_by_object ON audit(object_kind, object, audit_id) WHERE kind <> 'ingest';
