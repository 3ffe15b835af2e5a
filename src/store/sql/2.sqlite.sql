-- The console: people, what they do, configurations, alarms. Schema 2. Never edited after release.
-- Times: *_us is microseconds since 1970-01-01T00:00:00Z. Things that may be edited count a version.

-- Named people. Never deleted, a name is never used again. totp: sealed under the store's key; NULL: none.
CREATE TABLE account(
  account_id   INTEGER PRIMARY KEY,
  name         TEXT NOT NULL UNIQUE,
  display_name TEXT NOT NULL,
  state        TEXT NOT NULL CHECK (state IN ('active', 'disabled')),
  password     TEXT NOT NULL DEFAULT '',   -- argon2id, as libsodium writes it; empty: signs in elsewhere
  password_us  INTEGER NOT NULL DEFAULT 0,
  must_change  INTEGER NOT NULL DEFAULT 0,
  totp         BLOB,
  totp_pending BLOB,                       -- enrolled, not yet confirmed
  totp_last    INTEGER NOT NULL DEFAULT 0, -- the last time step used: a code works once
  subject      TEXT NOT NULL DEFAULT '',   -- of the organisation's sign-in service
  failures     INTEGER NOT NULL DEFAULT 0, -- within a quarter of an hour
  failed_us    INTEGER NOT NULL DEFAULT 0, -- the first of them
  locked_until_us INTEGER NOT NULL DEFAULT 0,
  certified    TEXT NOT NULL DEFAULT '',   -- what the person declared of their signature, and when
  created_us   INTEGER NOT NULL,
  version      INTEGER NOT NULL DEFAULT 1
) STRICT;
-- One person has one account: with two they would be their own second person.
CREATE UNIQUE INDEX account_of_subject ON account(subject) WHERE subject <> '';

-- Who had which role where, from when to when: rows are ended, never removed. Empty study or site: all.
CREATE TABLE account_grant(
  grant_id   INTEGER PRIMARY KEY,
  account_id INTEGER NOT NULL REFERENCES account(account_id),
  role       TEXT NOT NULL,
  study      TEXT NOT NULL,
  site       TEXT NOT NULL,
  training   TEXT NOT NULL,
  from_us    INTEGER NOT NULL,
  until_us   INTEGER,
  granted_by TEXT NOT NULL,
  ended_by   TEXT NOT NULL DEFAULT '',
  reason     TEXT NOT NULL
) STRICT;
CREATE INDEX account_grant_by_account ON account_grant(account_id);

-- When an account was opened and closed: who had access on a past day is asked of it. Append-only.
CREATE TABLE account_fact(
  fact_id    INTEGER PRIMARY KEY,
  account_id INTEGER NOT NULL REFERENCES account(account_id),
  at_us      INTEGER NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('active', 'disabled')),
  actor      TEXT NOT NULL,
  reason     TEXT NOT NULL
) STRICT;
CREATE INDEX account_fact_by_account ON account_fact(account_id, fact_id);

-- token: SHA-256 of what the cookie holds. signed_us: the first signature of the session; 0: none yet.
CREATE TABLE console_session(
  token        BLOB PRIMARY KEY,
  session_id   TEXT NOT NULL,
  account_id   INTEGER NOT NULL REFERENCES account(account_id),
  csrf         TEXT NOT NULL,
  created_us   INTEGER NOT NULL,
  last_us      INTEGER NOT NULL,
  expires_us   INTEGER NOT NULL,
  signed_us    INTEGER NOT NULL DEFAULT 0,
  peer         TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Whose identity a session may see, after a reason was given.
CREATE TABLE reveal(
  session_id TEXT NOT NULL,
  object     TEXT NOT NULL,   -- `message:<id>` or `subject:<id>`
  until_us   INTEGER NOT NULL,
  PRIMARY KEY (session_id, object)
) STRICT, WITHOUT ROWID;

-- What a person does with a problem; the problem itself counts what it holds.
CREATE TABLE problem_work(
  problem_id   INTEGER PRIMARY KEY REFERENCES problem(problem_id),
  assignee     INTEGER,
  snoozed_us   INTEGER,            -- until then
  snoozed_held INTEGER,            -- or until it holds this many
  regressed    INTEGER NOT NULL DEFAULT 0,
  version      INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE problem_note(
  note_id    INTEGER PRIMARY KEY,
  problem_id INTEGER NOT NULL REFERENCES problem(problem_id),
  at_us      INTEGER NOT NULL,
  actor      TEXT NOT NULL,
  kind       TEXT NOT NULL CHECK (kind IN ('comment', 'state', 'assign', 'snooze', 'repair', 'query')),
  text       TEXT NOT NULL
) STRICT;
CREATE INDEX problem_note_by_problem ON problem_note(problem_id, note_id);

CREATE TABLE saved_view(
  view_id    INTEGER PRIMARY KEY,
  account_id INTEGER NOT NULL REFERENCES account(account_id),
  name       TEXT NOT NULL,
  query      TEXT NOT NULL,
  UNIQUE (account_id, name)
) STRICT;

-- What a person's decision does to results. taken: 0 no; 1 the last version was taken back: the current one
-- is told as withdrawn, whatever its observation holds; 2 the same, because the specimen was moved to another
-- subject; 3 moved, and what stands on is a withdrawal by the laboratory. visit_by_person: visit_id is a person's word, empty: unscheduled.
ALTER TABLE result ADD COLUMN taken INTEGER NOT NULL DEFAULT 0;
ALTER TABLE observation ADD COLUMN visit_by_person INTEGER NOT NULL DEFAULT 0;
ALTER TABLE derived_version ADD COLUMN visit_by_person INTEGER NOT NULL DEFAULT 0;

-- People's decisions for one message, taken into account whenever it is processed. ordinal 0: all of it.
-- Append-only: a decision is ended, never changed; settled is the engine's own mark. value: JSON.
CREATE TABLE overlay(
  overlay_id INTEGER PRIMARY KEY,
  message_id INTEGER NOT NULL,
  ordinal    INTEGER NOT NULL,
  kind       TEXT NOT NULL CHECK (kind IN ('subject', 'visit', 'accept', 'ignore')),
  value      TEXT NOT NULL,
  problem_id INTEGER,
  at_us      INTEGER NOT NULL,
  actor      TEXT NOT NULL,
  reason     TEXT NOT NULL,
  ended_us   INTEGER,
  settled    INTEGER NOT NULL DEFAULT 0,  -- 1: the message was processed since it was made or ended
  repair_id  INTEGER                       -- that made it
) STRICT;
CREATE INDEX overlay_by_message ON overlay(message_id);
CREATE INDEX overlay_by_repair ON overlay(repair_id) WHERE repair_id IS NOT NULL;

-- A repair that runs over many messages: how far it is. request: JSON, as asked for.
CREATE TABLE repair_job(
  repair_id  INTEGER PRIMARY KEY,
  problem_id INTEGER,
  kind       TEXT NOT NULL,
  request    TEXT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'stopped')),
  total      INTEGER NOT NULL,
  actor      TEXT NOT NULL,
  reason     TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  started_us INTEGER,
  ended_us   INTEGER,
  version    INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX repair_job_open ON repair_job(repair_id) WHERE ended_us IS NULL;
ALTER TABLE job ADD COLUMN repair_id INTEGER;
CREATE INDEX job_by_repair ON job(repair_id) WHERE repair_id IS NOT NULL AND done_us IS NULL;
CREATE INDEX repair_job_by_problem ON repair_job(problem_id, repair_id) WHERE problem_id IS NOT NULL;
CREATE TABLE repair_item(
  repair_id   INTEGER NOT NULL REFERENCES repair_job(repair_id),
  message_id  INTEGER NOT NULL,
  ordinal     INTEGER NOT NULL,
  disposition TEXT,             -- what became of it; NULL: not yet
  rule        INTEGER,
  done_us     INTEGER,
  PRIMARY KEY (repair_id, message_id, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX repair_item_by_message ON repair_item(message_id) WHERE done_us IS NULL;

-- Asked of a site or laboratory, without identifying facts.
CREATE TABLE site_query(
  query_id   INTEGER PRIMARY KEY,
  state      TEXT NOT NULL CHECK (state IN ('open', 'answered', 'closed', 'cancelled')),
  problem_id INTEGER,
  subject_id INTEGER,
  recipient  TEXT NOT NULL,
  text       TEXT NOT NULL,
  due_us     INTEGER,
  created_us INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  version    INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX site_query_open ON site_query(query_id) WHERE state IN ('open', 'answered');
CREATE INDEX site_query_by_problem ON site_query(problem_id) WHERE problem_id IS NOT NULL;
CREATE TABLE site_query_fact(
  fact_id    INTEGER PRIMARY KEY,
  query_id   INTEGER NOT NULL REFERENCES site_query(query_id),
  at_us      INTEGER NOT NULL,
  actor      TEXT NOT NULL,
  from_state TEXT NOT NULL,
  to_state   TEXT NOT NULL,
  text       TEXT NOT NULL
) STRICT;
CREATE INDEX site_query_fact_by_query ON site_query_fact(query_id);

-- A signature: who, when, what it stands for, bound to the content by its digest. Append-only.
CREATE TABLE signature(
  signature_id INTEGER PRIMARY KEY,
  account_id   INTEGER NOT NULL REFERENCES account(account_id),
  name         TEXT NOT NULL,    -- as printed then
  at_us        INTEGER NOT NULL,
  meaning      TEXT NOT NULL,
  object_kind  TEXT NOT NULL,
  object       TEXT NOT NULL,
  content      BLOB NOT NULL,    -- SHA-256 of the content's canonical form
  session_id   TEXT NOT NULL
) STRICT;
CREATE INDEX signature_by_object ON signature(object_kind, object);

-- What a second person has to approve. content: JSON, canonical; its digest is what is approved.
CREATE TABLE approval(
  approval_id INTEGER PRIMARY KEY,
  action      TEXT NOT NULL,
  object      TEXT NOT NULL,
  content     TEXT NOT NULL,
  digest      BLOB NOT NULL,
  preview     TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'refused', 'stale', 'applied')),
  asked_by    INTEGER NOT NULL,
  asked_us    INTEGER NOT NULL,
  reason      TEXT NOT NULL,
  decided_by  INTEGER,
  decided_us  INTEGER,
  why         TEXT NOT NULL DEFAULT '',
  signature_id INTEGER,
  version     INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX approval_by_object ON approval(action, object) WHERE state = 'pending';
CREATE INDEX approval_pending ON approval(approval_id) WHERE state = 'pending';

-- Which actions need no second person here, and the recorded reason.
CREATE TABLE four_eyes(
  action   TEXT PRIMARY KEY,
  required INTEGER NOT NULL,
  actor    TEXT NOT NULL,
  at_us    INTEGER NOT NULL,
  reason   TEXT NOT NULL,
  signature_id INTEGER
) STRICT, WITHOUT ROWID;

-- Configurations with their files (JSON name -> text, zstd). The newest activation says which one holds.
CREATE TABLE configuration_version(
  version_id INTEGER PRIMARY KEY,
  hash       TEXT NOT NULL,
  parent_id  INTEGER,
  author     TEXT NOT NULL,
  at_us      INTEGER NOT NULL,
  reason     TEXT NOT NULL,
  origin     TEXT NOT NULL CHECK (origin IN ('files', 'page', 'taught')),
  files      BLOB NOT NULL
) STRICT;
CREATE TABLE configuration_activation(
  activation_id INTEGER PRIMARY KEY,
  version_id    INTEGER NOT NULL REFERENCES configuration_version(version_id),
  at_us         INTEGER NOT NULL,
  actor         TEXT NOT NULL,
  reason        TEXT NOT NULL,
  signature_id  INTEGER
) STRICT;

-- Something that a person must be told of once, until it is over. text: without patient data.
CREATE TABLE incident(
  incident_id INTEGER PRIMARY KEY,
  kind        TEXT NOT NULL,
  object      TEXT NOT NULL,
  text        TEXT NOT NULL,
  advice      TEXT NOT NULL,
  opened_us   INTEGER NOT NULL,
  closed_us   INTEGER
) STRICT;
CREATE UNIQUE INDEX incident_open ON incident(kind, object) WHERE closed_us IS NULL;
CREATE TABLE incident_notice(
  incident_id INTEGER NOT NULL REFERENCES incident(incident_id),
  channel     TEXT NOT NULL,
  over        INTEGER NOT NULL CHECK (over IN (0, 1)),
  state       TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
  attempts    INTEGER NOT NULL DEFAULT 0,
  at_us       INTEGER NOT NULL,
  why         TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (incident_id, channel, over)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_notice_waiting ON incident_notice(at_us) WHERE state = 'waiting';

-- Values that a responsible person must know at once, whether the result is stored or held.
CREATE TABLE critical_value(
  message_id   INTEGER NOT NULL,
  ordinal      INTEGER NOT NULL,
  rule         TEXT NOT NULL,
  subject_id   INTEGER,
  analyte      TEXT NOT NULL,
  value_text   TEXT NOT NULL,
  unit         TEXT NOT NULL,
  source       TEXT NOT NULL,
  at_us        INTEGER NOT NULL,
  acknowledged_by TEXT,
  acknowledged_us INTEGER,
  note         TEXT,
  PRIMARY KEY (message_id, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX critical_open ON critical_value(message_id, ordinal) WHERE acknowledged_us IS NULL;

-- Heads of all chains that went on since the anchor before; each digest covers that anchor's, the time and
-- the heads, so that the last covers all of them. Also written to the log.
CREATE TABLE audit_anchor(
  anchor_id INTEGER PRIMARY KEY,
  at_us     INTEGER NOT NULL,
  heads     TEXT NOT NULL,       -- `<node>.<life>:<audit_id>:<hash>` by blanks
  digest    BLOB NOT NULL
) STRICT;

-- The audit trail of a period was looked through.
CREATE TABLE audit_review(
  review_id    INTEGER PRIMARY KEY,
  from_us      INTEGER NOT NULL,
  until_us     INTEGER NOT NULL,
  filter       TEXT NOT NULL,
  finding      TEXT NOT NULL,
  actor        TEXT NOT NULL,
  at_us        INTEGER NOT NULL,
  signature_id INTEGER NOT NULL REFERENCES signature(signature_id)
) STRICT;

-- Which analytes the results of a problem are of, as far as their codes were mapped when they were held (1: not
-- mapped): so that what is closed to a person counts in no list of theirs.
ALTER TABLE hold ADD COLUMN analyte_id INTEGER;
UPDATE hold SET analyte_id = (SELECT o.analyte_id FROM observation o
  WHERE o.message_id = hold.message_id AND o.ordinal = hold.ordinal);
CREATE TABLE problem_analyte(
  problem_id INTEGER NOT NULL,
  analyte_id INTEGER NOT NULL,
  open_count INTEGER NOT NULL,
  total      INTEGER NOT NULL,
  PRIMARY KEY (problem_id, analyte_id)
) STRICT, WITHOUT ROWID;
INSERT INTO problem_analyte(problem_id, analyte_id, open_count, total)
  SELECT problem_id, coalesce(analyte_id, 1), sum(CASE WHEN released_us IS NULL THEN 1 ELSE 0 END), count(*)
  FROM hold WHERE problem_id IS NOT NULL AND pending IS NULL GROUP BY 1, 2;

-- What the console asks for; src/store/schema.md says who asks, and what each costs.
CREATE INDEX message_by_source ON message(source_id, received_us, message_id);
CREATE INDEX message_by_state ON message(state, received_us, message_id) WHERE state <> 'processed';
CREATE INDEX specimen_by_no ON specimen(specimen_no) WHERE specimen_no <> '';
CREATE INDEX specimen_by_order ON specimen(order_no) WHERE order_no <> '';
CREATE INDEX observation_by_specimen ON observation(specimen_id) WHERE specimen_id IS NOT NULL;
CREATE INDEX hold_by_who ON hold(who) WHERE who IS NOT NULL;
CREATE INDEX notice_by_subject ON notice(subject_id);
CREATE INDEX outbox_by_subject ON outbox(subject_id, delivery_id) WHERE state <> 'delivered';
CREATE INDEX problem_by_state ON problem(state);
CREATE INDEX problem_by_who ON problem_who(who);
CREATE INDEX subject_identifier_by_subject ON subject_identifier(subject_id);
CREATE INDEX problem_by_closed ON problem(closed_us) WHERE closed_us IS NOT NULL;
