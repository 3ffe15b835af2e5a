-- The study database on PostgreSQL: the tables, columns and views of 1.sqlite.sql. Texts compare by their
-- bytes, as in SQLite.
-- The study database: pseudonymous results of every study, written only by labrelay's target.
-- Column names: docs and design/interfaces.md. Numbers are exact decimals as text; absent is NULL.

CREATE TABLE lab_result (
    result_id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    study             TEXT COLLATE "C" NOT NULL,
    site              TEXT COLLATE "C",
    subject           TEXT COLLATE "C" NOT NULL,
    visit             TEXT COLLATE "C",
    visit_kind        TEXT COLLATE "C" NOT NULL CHECK (visit_kind IN ('scheduled', 'unscheduled', 'history')),
    role              TEXT COLLATE "C" NOT NULL CHECK (role IN ('chosen', 'additional')),
    study_day         BIGINT CHECK (study_day <> 0),
    analyte           TEXT COLLATE "C" NOT NULL,
    analyte_name      TEXT COLLATE "C",
    value_reported    TEXT COLLATE "C",
    unit_reported     TEXT COLLATE "C",
    range_reported    TEXT COLLATE "C",
    flags_reported    TEXT COLLATE "C",
    comparator        TEXT COLLATE "C",
    value_text        TEXT COLLATE "C",
    value_num         TEXT COLLATE "C",
    unit              TEXT COLLATE "C",
    conversion_rule   TEXT COLLATE "C",
    ref_low           TEXT COLLATE "C",
    ref_high          TEXT COLLATE "C",
    range_flag        TEXT COLLATE "C",
    lloq              TEXT COLLATE "C",
    uloq              TEXT COLLATE "C",
    result_state      TEXT COLLATE "C" NOT NULL CHECK (result_state IN
                          ('quantified', 'below_lloq', 'not_detected', 'above_uloq', 'qualitative',
                           'no_result', 'not_done', 'withdrawn')),
    grade             TEXT COLLATE "C",
    grade_scale       TEXT COLLATE "C",
    status            TEXT COLLATE "C",
    version           BIGINT NOT NULL,
    placement_version BIGINT NOT NULL,
    reason            TEXT COLLATE "C",
    derived_from      TEXT COLLATE "C",
    specimen          TEXT COLLATE "C",
    collected_at      TEXT COLLATE "C",
    collected_utc_us  BIGINT,
    laboratory        TEXT COLLATE "C",
    method            TEXT COLLATE "C",
    reported_at       TEXT COLLATE "C",
    received_at       TEXT COLLATE "C",
    lineage_id        TEXT COLLATE "C" NOT NULL,
    config_hash       TEXT COLLATE "C",
    CONSTRAINT number_only_when_quantified CHECK (value_num IS NULL OR result_state = 'quantified'),
    CONSTRAINT visit_only_when_scheduled CHECK (visit IS NULL OR visit_kind = 'scheduled')
);

CREATE INDEX lab_result_by_subject ON lab_result (study, subject, visit);

-- Every version of every result, each with the result's current placement.
CREATE TABLE lab_result_version (
    result_id         TEXT COLLATE "C" NOT NULL REFERENCES lab_result (result_id) DEFERRABLE INITIALLY DEFERRED,
    study             TEXT COLLATE "C" NOT NULL,
    site              TEXT COLLATE "C",
    subject           TEXT COLLATE "C" NOT NULL,
    visit             TEXT COLLATE "C",
    visit_kind        TEXT COLLATE "C" NOT NULL,
    role              TEXT COLLATE "C" NOT NULL,
    study_day         BIGINT,
    analyte           TEXT COLLATE "C" NOT NULL,
    analyte_name      TEXT COLLATE "C",
    value_reported    TEXT COLLATE "C",
    unit_reported     TEXT COLLATE "C",
    range_reported    TEXT COLLATE "C",
    flags_reported    TEXT COLLATE "C",
    comparator        TEXT COLLATE "C",
    value_text        TEXT COLLATE "C",
    value_num         TEXT COLLATE "C",
    unit              TEXT COLLATE "C",
    conversion_rule   TEXT COLLATE "C",
    ref_low           TEXT COLLATE "C",
    ref_high          TEXT COLLATE "C",
    range_flag        TEXT COLLATE "C",
    lloq              TEXT COLLATE "C",
    uloq              TEXT COLLATE "C",
    result_state      TEXT COLLATE "C" NOT NULL,
    grade             TEXT COLLATE "C",
    grade_scale       TEXT COLLATE "C",
    status            TEXT COLLATE "C",
    version           BIGINT NOT NULL,
    placement_version BIGINT NOT NULL,
    reason            TEXT COLLATE "C",
    derived_from      TEXT COLLATE "C",
    specimen          TEXT COLLATE "C",
    collected_at      TEXT COLLATE "C",
    collected_utc_us  BIGINT,
    laboratory        TEXT COLLATE "C",
    method            TEXT COLLATE "C",
    reported_at       TEXT COLLATE "C",
    received_at       TEXT COLLATE "C",
    lineage_id        TEXT COLLATE "C" NOT NULL,
    config_hash       TEXT COLLATE "C",
    PRIMARY KEY (result_id, lineage_id),
    CONSTRAINT number_only_when_quantified CHECK (value_num IS NULL OR result_state = 'quantified')
);

-- Where a result stood before it moved, once a place: an export that says what is to be takes it back there.
-- Texts that are absent are empty.
CREATE TABLE lab_former_place (
    result_id    TEXT COLLATE "C" NOT NULL REFERENCES lab_result (result_id),
    analyte      TEXT COLLATE "C" NOT NULL,
    visit        TEXT COLLATE "C" NOT NULL,
    visit_kind   TEXT COLLATE "C" NOT NULL,
    specimen     TEXT COLLATE "C" NOT NULL,
    collected_at TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (result_id, analyte, visit, visit_kind, specimen, collected_at)
);

-- What was delivered, written in the transaction of the values. `digest` tells a repeat from an id that
-- an engine's store, restored from a backup, gave a second time.
CREATE TABLE lab_delivery (
    delivery_id BIGINT NOT NULL PRIMARY KEY,
    fence       BIGINT NOT NULL,
    digest      BIGINT NOT NULL
);

-- What is frozen or locked, and since when. subject empty: the whole study; visit empty: the whole subject.
-- A scope that was released keeps its row with the state open.
CREATE TABLE lab_lock (
    study   TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    visit   TEXT COLLATE "C" NOT NULL,
    scope   TEXT COLLATE "C" NOT NULL CHECK (scope IN ('study', 'subject', 'visit')),
    state   TEXT COLLATE "C" NOT NULL CHECK (state IN ('open', 'frozen', 'locked')),
    since   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (study, subject, visit)
);

-- lab_result with floating-point numbers, for statistics. The exact ones stand in lab_result.
CREATE VIEW lab_result_numeric AS
SELECT result_id, study, site, subject, visit, visit_kind, role, study_day, analyte, analyte_name,
       comparator, value_text,
       CAST(value_num AS DOUBLE PRECISION) AS value_num,
       unit,
       CAST(ref_low AS DOUBLE PRECISION) AS ref_low,
       CAST(ref_high AS DOUBLE PRECISION) AS ref_high,
       range_flag,
       CAST(lloq AS DOUBLE PRECISION) AS lloq,
       CAST(uloq AS DOUBLE PRECISION) AS uloq,
       result_state, status, version, specimen, collected_at, collected_utc_us
FROM lab_result;

-- What change from baseline is counted in: CD4, CD8 and their ratio as they are; the viral load as log10, from
-- the copies that were measured, else from the logarithm that was measured, never from one that was derived.
-- `amount` is NULL where the result is no number.
CREATE VIEW lab_measure AS
SELECT result_id, study, site, subject, visit, visit_kind, role, study_day, specimen, collected_utc_us,
       CASE analyte WHEN 'HIVVLLOG' THEN 'HIVVL' ELSE analyte END AS measure,
       value_text,
       CASE WHEN analyte <> 'HIVVL' THEN CAST(value_num AS DOUBLE PRECISION)
            WHEN CAST(value_num AS DOUBLE PRECISION) > 0 THEN log10(CAST(value_num AS DOUBLE PRECISION))
       END AS amount,
       result_state IN ('quantified', 'below_lloq', 'not_detected', 'above_uloq')
           AND coalesce(status, 'F') NOT IN ('P', 'R', 'S', 'I') AS is_valid,
       -- a reported value stands before a derived one, copies before their logarithm
       CAST(derived_from IS NOT NULL AS INTEGER) + CAST(analyte = 'HIVVLLOG' AS INTEGER) AS behind
FROM lab_result
WHERE analyte IN ('CD4A', 'CD8A', 'CD4CD8')
   OR (analyte IN ('HIVVL', 'HIVVLLOG') AND derived_from IS NULL);

-- The baseline: the last valid result before the first infusion. Study day 1 counts only for a scheduled visit,
-- whose blood is drawn before the dose; results from before screening never count. CD8 and the ratio are those
-- of the specimen that gave the baseline's CD4.
CREATE VIEW lab_baseline AS
WITH before_infusion AS (
    SELECT *
    FROM lab_measure
    WHERE is_valid AND visit_kind <> 'history'
      AND (study_day < 0 OR (study_day = 1 AND visit_kind = 'scheduled'))
),
leaders AS (
    SELECT *,
           row_number() OVER (PARTITION BY study, subject, measure
                              ORDER BY study_day DESC, collected_utc_us DESC NULLS LAST, behind,
                                       result_id) AS place
    FROM before_infusion
    WHERE measure IN ('CD4A', 'HIVVL')
),
beside AS (
    SELECT other.*,
           row_number() OVER (PARTITION BY other.study, other.subject, other.measure
                              ORDER BY other.behind, other.collected_utc_us DESC NULLS LAST,
                                       other.result_id) AS place
    FROM before_infusion other
    JOIN leaders cd4 ON cd4.study = other.study AND cd4.subject = other.subject
                    AND cd4.specimen IS NOT DISTINCT FROM other.specimen
                    AND cd4.measure = 'CD4A' AND cd4.place = 1
    WHERE other.measure IN ('CD8A', 'CD4CD8')
)
SELECT study, subject, measure, result_id, visit, study_day, value_text, amount FROM leaders WHERE place = 1
UNION ALL
SELECT study, subject, measure, result_id, visit, study_day, value_text, amount FROM beside WHERE place = 1;

-- Each result drawn after the first infusion beside its baseline. Derived as one looks at it, so that it follows
-- every correction of an input, every move of day 0, whatever came first; `derived_from` names the two results.
-- A change stands only between numbers: absolute and in percent, for the viral load in log10.
CREATE VIEW change_from_baseline AS
SELECT after.study, after.site, after.subject, after.visit, after.visit_kind, after.role, after.study_day,
       after.measure AS analyte, after.result_id, after.value_text AS value,
       baseline.result_id AS baseline_result_id, baseline.visit AS baseline_visit,
       baseline.study_day AS baseline_study_day, baseline.value_text AS baseline_value,
       CASE WHEN after.measure <> 'HIVVL' THEN CAST(round(CAST(after.amount - baseline.amount AS NUMERIC), 3) AS DOUBLE PRECISION) END AS change,
       CASE WHEN after.measure <> 'HIVVL' AND baseline.amount > 0
            THEN CAST(round(CAST(100.0 * (after.amount - baseline.amount) / baseline.amount AS NUMERIC), 1) AS DOUBLE PRECISION)
       END AS change_percent,
       CASE WHEN after.measure = 'HIVVL' THEN CAST(round(CAST(after.amount - baseline.amount AS NUMERIC), 2) AS DOUBLE PRECISION) END AS change_log10,
       baseline.result_id || '+' || after.result_id AS derived_from,
       after.is_valid, after.behind, after.collected_utc_us
FROM lab_measure after
JOIN lab_baseline baseline ON baseline.study = after.study AND baseline.subject = after.subject
                          AND baseline.measure = after.measure
WHERE after.study_day > 1 OR (after.study_day = 1 AND after.visit_kind = 'unscheduled');

-- What an HIV trial looks at first. A row per subject and scheduled visit with the chosen values in words, a
-- reported value before a derived one, and the change from baseline of each.
CREATE VIEW cd4_by_visit AS
WITH shown AS (
    SELECT *,
           row_number() OVER (PARTITION BY study, subject, visit, analyte
                              ORDER BY result_state IN ('quantified', 'below_lloq', 'not_detected',
                                                        'above_uloq')
                                       AND coalesce(status, 'F') NOT IN ('P', 'R', 'S', 'I') DESC,
                                       derived_from IS NOT NULL, collected_utc_us DESC NULLS LAST,
                                       result_id) AS place
    FROM lab_result
    WHERE analyte IN ('CD4A', 'CD8A', 'CD4CD8', 'HIVVL') AND role = 'chosen' AND visit IS NOT NULL
),
visits AS (
    SELECT study, max(site) AS site, subject, visit,
           min(study_day) AS study_day,
           min(collected_utc_us) AS collected_utc_us,
           max(CASE analyte WHEN 'CD4A' THEN coalesce(value_text, value_num) END) AS cd4,
           max(CASE analyte WHEN 'CD8A' THEN coalesce(value_text, value_num) END) AS cd8,
           max(CASE analyte WHEN 'CD4CD8' THEN coalesce(value_text, value_num) END) AS cd4_cd8,
           max(CASE analyte WHEN 'HIVVL' THEN coalesce(value_text, value_num) END) AS viral_load
    FROM shown
    WHERE place = 1
    GROUP BY study, subject, visit
),
ranked AS (
    SELECT *,
           row_number() OVER (PARTITION BY study, subject, visit, analyte
                              ORDER BY is_valid DESC, behind, collected_utc_us DESC NULLS LAST,
                                       result_id) AS place
    FROM change_from_baseline
    WHERE role = 'chosen' AND visit IS NOT NULL
),
changes AS (
    SELECT study, subject, visit,
           max(CASE analyte WHEN 'CD4A' THEN change END) AS cd4,
           max(CASE analyte WHEN 'CD4A' THEN change_percent END) AS cd4_percent,
           max(CASE analyte WHEN 'CD8A' THEN change END) AS cd8,
           max(CASE analyte WHEN 'CD8A' THEN change_percent END) AS cd8_percent,
           max(CASE analyte WHEN 'CD4CD8' THEN change END) AS cd4_cd8,
           max(CASE analyte WHEN 'CD4CD8' THEN change_percent END) AS cd4_cd8_percent,
           max(CASE analyte WHEN 'HIVVL' THEN change_log10 END) AS viral_load_log10
    FROM ranked
    WHERE place = 1
    GROUP BY study, subject, visit
)
SELECT visits.study, visits.site, visits.subject, visits.visit, visits.study_day,
       visits.collected_utc_us, visits.cd4, visits.cd8, visits.cd4_cd8, visits.viral_load,
       baseline.amount AS cd4_baseline,
       changes.cd4 AS cd4_change,
       changes.cd4_percent AS cd4_change_percent,
       changes.cd8 AS cd8_change,
       changes.cd8_percent AS cd8_change_percent,
       changes.cd4_cd8 AS cd4_cd8_change,
       changes.cd4_cd8_percent AS cd4_cd8_change_percent,
       changes.viral_load_log10 AS viral_load_change_log10
FROM visits
LEFT JOIN lab_baseline baseline ON baseline.study = visits.study AND baseline.subject = visits.subject
                               AND baseline.measure = 'CD4A'
LEFT JOIN changes ON changes.study = visits.study AND changes.subject = visits.subject
                 AND changes.visit = visits.visit;
