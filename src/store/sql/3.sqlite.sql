-- The end of a study and who has access: what people sign for. Schema 3. Never edited after release.
-- Times: *_us is microseconds since 1970-01-01T00:00:00Z.

-- What is stored here compared with what a study database holds. A row is made when it is asked for and gets
-- its report when it is done; the report does not change any more. report: JSON; text: as a person reads it.
CREATE TABLE reconciliation(
  reconciliation_id INTEGER PRIMARY KEY,
  study       TEXT NOT NULL,
  target      TEXT NOT NULL,
  list_name   TEXT NOT NULL,          -- of the laboratory's list; empty: none
  state       TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  node        INTEGER NOT NULL,       -- that runs it
  asked_by    TEXT NOT NULL,
  asked_us    INTEGER NOT NULL,
  ended_us    INTEGER,
  differences INTEGER NOT NULL DEFAULT 0,
  opened      INTEGER NOT NULL DEFAULT 0,  -- problems
  resolved    INTEGER NOT NULL DEFAULT 0,
  report      TEXT NOT NULL DEFAULT '',
  text        TEXT NOT NULL DEFAULT '',
  why         TEXT NOT NULL DEFAULT '',    -- it failed
  finding     TEXT NOT NULL DEFAULT '',    -- in the words of whoever signed
  signature_id INTEGER REFERENCES signature(signature_id)
) STRICT;
CREATE INDEX reconciliation_running ON reconciliation(node) WHERE state = 'running';

-- Somebody looked through accounts and roles. seen: canonical JSON of what stood there; its digest is signed.
CREATE TABLE access_review(
  review_id    INTEGER PRIMARY KEY,
  at_us        INTEGER NOT NULL,
  actor        TEXT NOT NULL,
  seen         TEXT NOT NULL,
  digest       BLOB NOT NULL,
  finding      TEXT NOT NULL,
  signature_id INTEGER NOT NULL REFERENCES signature(signature_id)
) STRICT;

-- What a target holds of a result is what went with its delivered rows. carries: the subject's newest row when the
-- results were read, all that rows up to it brought went with this one; NULL: nothing but its own. split_of: the
-- row that a refused one was split off, whose place in the order it keeps.
ALTER TABLE outbox ADD COLUMN carries INTEGER;
ALTER TABLE outbox ADD COLUMN split_of INTEGER;
-- Delivered rows too: a lock asks what each target has been told of a subject.
DROP INDEX outbox_by_subject;
CREATE INDEX outbox_by_subject ON outbox(subject_id, delivery_id);
-- JSON: targets that hold something else than `told`, each with what it holds; NULL: none.
ALTER TABLE post_lock_item ADD COLUMN differs TEXT;
-- Of a target where a repeat is harmless: up to which row it was given what is to be delivered. What waits of that is
-- not marked, and may stand there.
ALTER TABLE target ADD COLUMN tried_upto INTEGER NOT NULL DEFAULT 0;
