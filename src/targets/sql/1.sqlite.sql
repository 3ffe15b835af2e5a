-- The study database: pseudonymous results of every study, written only by labrelay's target.
-- Column names: docs and design/interfaces.md. Numbers are exact decimals as text; absent is NULL.

CREATE TABLE lab_result (
    result_id         TEXT NOT NULL PRIMARY KEY,
    study             TEXT NOT NULL,
    site              TEXT,
    subject           TEXT NOT NULL,
    visit             TEXT,
    visit_kind        TEXT NOT NULL CHECK (visit_kind IN ('scheduled', 'unscheduled', 'history')),
    role              TEXT NOT NULL CHECK (role IN ('chosen', 'additional')),
    study_day         INTEGER CHECK (study_day <> 0),
    analyte           TEXT NOT NULL,
    analyte_name      TEXT,
    value_reported    TEXT,
    unit_reported     TEXT,
    range_reported    TEXT,
    flags_reported    TEXT,
    comparator        TEXT,
    value_text        TEXT,
    value_num         TEXT,
    unit              TEXT,
    conversion_rule   TEXT,
    ref_low           TEXT,
    ref_high          TEXT,
    range_flag        TEXT,
    lloq              TEXT,
    uloq              TEXT,
    result_state      TEXT NOT NULL CHECK (result_state IN
                          ('quantified', 'below_lloq', 'not_detected', 'above_uloq', 'qualitative',
                           'no_result', 'not_done', 'withdrawn')),
    status            TEXT,
    version           INTEGER NOT NULL,
    placement_version INTEGER NOT NULL,
    reason            TEXT,
    derived_from      TEXT,
    specimen          TEXT,
    collected_at      TEXT,
    collected_utc_us  INTEGER,
    laboratory        TEXT,
    method            TEXT,
    reported_at       TEXT,
    received_at       TEXT,
    lineage_id        TEXT NOT NULL,
    config_hash       TEXT,
    CONSTRAINT number_only_when_quantified CHECK (value_num IS NULL OR result_state = 'quantified'),
    CONSTRAINT visit_only_when_scheduled CHECK (visit IS NULL OR visit_kind = 'scheduled')
) STRICT;

CREATE INDEX lab_result_by_subject ON lab_result (study, subject, visit);

-- Every version of every result, each with the result's current placement.
CREATE TABLE lab_result_version (
    result_id         TEXT NOT NULL REFERENCES lab_result (result_id),
    study             TEXT NOT NULL,
    site              TEXT,
    subject           TEXT NOT NULL,
    visit             TEXT,
    visit_kind        TEXT NOT NULL,
    role              TEXT NOT NULL,
    study_day         INTEGER,
    analyte           TEXT NOT NULL,
    analyte_name      TEXT,
    value_reported    TEXT,
    unit_reported     TEXT,
    range_reported    TEXT,
    flags_reported    TEXT,
    comparator        TEXT,
    value_text        TEXT,
    value_num         TEXT,
    unit              TEXT,
    conversion_rule   TEXT,
    ref_low           TEXT,
    ref_high          TEXT,
    range_flag        TEXT,
    lloq              TEXT,
    uloq              TEXT,
    result_state      TEXT NOT NULL,
    status            TEXT,
    version           INTEGER NOT NULL,
    placement_version INTEGER NOT NULL,
    reason            TEXT,
    derived_from      TEXT,
    specimen          TEXT,
    collected_at      TEXT,
    collected_utc_us  INTEGER,
    laboratory        TEXT,
    method            TEXT,
    reported_at       TEXT,
    received_at       TEXT,
    lineage_id        TEXT NOT NULL,
    config_hash       TEXT,
    PRIMARY KEY (result_id, lineage_id),
    CONSTRAINT number_only_when_quantified CHECK (value_num IS NULL OR result_state = 'quantified')
) STRICT;

-- What was delivered, written in the transaction of the values. `digest` tells a repeat from an id that
-- an engine's store, restored from a backup, gave a second time.
CREATE TABLE lab_delivery (
    delivery_id INTEGER NOT NULL PRIMARY KEY,
    fence       INTEGER NOT NULL,
    digest      INTEGER NOT NULL
) STRICT;

-- lab_result with floating-point numbers, for statistics. The exact ones stand in lab_result.
CREATE VIEW lab_result_numeric AS
SELECT result_id, study, site, subject, visit, visit_kind, role, study_day, analyte, analyte_name,
       comparator, value_text,
       CAST(value_num AS REAL) AS value_num,
       unit,
       CAST(ref_low AS REAL) AS ref_low,
       CAST(ref_high AS REAL) AS ref_high,
       range_flag,
       CAST(lloq AS REAL) AS lloq,
       CAST(uloq AS REAL) AS uloq,
       result_state, status, version, specimen, collected_at, collected_utc_us
FROM lab_result;

-- What an HIV trial looks at first. A row per subject and scheduled visit with the chosen values in words;
-- a reported value stands before a derived one. The baseline is the last valid result before the first
-- infusion (study day 1 counts only for a scheduled visit, whose blood is drawn before the dose; results
-- from before screening never count). Changes stand only after the baseline and only between numbers.
CREATE VIEW cd4_by_visit AS
WITH valid AS (
    SELECT *,
           result_state IN ('quantified', 'below_lloq', 'not_detected', 'above_uloq')
               AND coalesce(status, 'F') NOT IN ('P', 'R', 'S', 'I') AS is_valid,
           derived_from IS NOT NULL AS is_derived
    FROM lab_result
    WHERE analyte IN ('CD4A', 'CD8A', 'CD4CD8', 'HIVVL')
),
before_infusion AS (
    SELECT study, subject, analyte, value_num,
           row_number() OVER (PARTITION BY study, subject, analyte
                              ORDER BY study_day DESC, collected_utc_us DESC NULLS LAST, is_derived,
                                       result_id) AS place
    FROM valid
    WHERE is_valid AND visit_kind <> 'history'
      AND (study_day < 0 OR (study_day = 1 AND visit_kind = 'scheduled'))
),
baseline AS (
    SELECT study, subject,
           CAST(max(CASE analyte WHEN 'CD4A' THEN value_num END) AS REAL) AS cd4,
           CAST(max(CASE analyte WHEN 'HIVVL' THEN value_num END) AS REAL) AS viral_load
    FROM before_infusion
    WHERE place = 1
    GROUP BY study, subject
),
ranked AS (
    SELECT *,
           row_number() OVER (PARTITION BY study, subject, visit, analyte
                              ORDER BY is_valid DESC, is_derived, collected_utc_us DESC NULLS LAST,
                                       result_id) AS place
    FROM valid
    WHERE role = 'chosen' AND visit IS NOT NULL
),
visits AS (
    SELECT study, max(site) AS site, subject, visit,
           min(study_day) AS study_day,
           min(collected_utc_us) AS collected_utc_us,
           max(CASE analyte WHEN 'CD4A' THEN coalesce(value_text, value_num) END) AS cd4,
           max(CASE analyte WHEN 'CD8A' THEN coalesce(value_text, value_num) END) AS cd8,
           max(CASE analyte WHEN 'CD4CD8' THEN coalesce(value_text, value_num) END) AS cd4_cd8,
           max(CASE analyte WHEN 'HIVVL' THEN coalesce(value_text, value_num) END) AS viral_load,
           CAST(max(CASE WHEN analyte = 'CD4A' AND study_day > 1 THEN value_num END) AS REAL)
               AS cd4_after,
           CAST(max(CASE WHEN analyte = 'HIVVL' AND study_day > 1 THEN value_num END) AS REAL)
               AS viral_load_after
    FROM ranked
    WHERE place = 1
    GROUP BY study, subject, visit
)
SELECT visits.study, visits.site, visits.subject, visits.visit, visits.study_day,
       visits.collected_utc_us, visits.cd4, visits.cd8, visits.cd4_cd8, visits.viral_load,
       baseline.cd4 AS cd4_baseline,
       round(visits.cd4_after - baseline.cd4, 3) AS cd4_change,
       CASE WHEN baseline.cd4 > 0
            THEN round(100.0 * (visits.cd4_after - baseline.cd4) / baseline.cd4, 1)
       END AS cd4_change_percent,
       CASE WHEN baseline.viral_load > 0 AND visits.viral_load_after > 0
            THEN round(log10(visits.viral_load_after) - log10(baseline.viral_load), 2)
       END AS viral_load_change_log10
FROM visits
LEFT JOIN baseline ON baseline.study = visits.study AND baseline.subject = visits.subject;
