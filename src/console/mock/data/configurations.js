import { readdirSync, readFileSync } from 'node:fs';
import { daysAgo, hexOf, hoursAgo } from './clock.js';

// The project's own mappings, so that the workbench shows what an engineer would really edit.
const root = new URL('../../../../mappings/', import.meta.url);
const read = (name) => readFileSync(new URL(name, root), 'utf8');
const names = [
  'analytes.xml', 'grades.xml', 'intake.xml', 'NCT05872659/study.xml',
  ...readdirSync(new URL('sources/', root)).filter((name) => name.endsWith('.xml')).map((name) => `sources/${name}`),
];

const active = Object.fromEntries(names.map((name) => [name, read(name)]));
const proposedLine = '  <observation code="HIV1Q2" system="99ROC" analyte="HIVVL" spelled="copies/mL"/>\n</source>';
const proposed = { ...active, 'sources/cobas-6800.xml': active['sources/cobas-6800.xml'].replace('</source>', proposedLine) };
const past = { ...active, 'sources/facs-lyric.xml': active['sources/facs-lyric.xml'].replace(/ {2}<ignore code="Beads\*".*\n/, '') };

export const versions = [
  { id: '13', etag: '"c13-1"', hash: hexOf(10, 64), parent: '12', author: 'Tom Berg', author_id: 'A-02', at: hoursAgo(3), reason: 'The second version of the HIV-1 assay reports under a code of its own.', state: 'proposed', files: proposed },
  { id: '12', etag: '"c12-2"', hash: hexOf(9, 64), parent: '11', author: 'Tom Berg', author_id: 'A-02', at: daysAgo(6), reason: 'Bead counts of the cytometer are not results.', state: 'active', files: active },
  { id: '11', etag: '"c11-3"', hash: hexOf(8, 64), parent: null, author: 'Tom Berg', author_id: 'A-02', at: daysAgo(40), reason: 'First configuration of the study.', state: 'past', files: past },
];

export const versionOf = (id) => versions.find((each) => (id === 'active' ? each.state === 'active' : each.id === id));
