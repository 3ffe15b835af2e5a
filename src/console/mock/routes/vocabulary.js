const analytes = [
  ['CD4A', 'CD4 count', '/uL', '24467-3'], ['CD4P', 'CD4 percent', '%', '8123-2'], ['CD8A', 'CD8 count', '/uL', '14135-8'],
  ['CD8P', 'CD8 percent', '%', '8101-8'], ['CD3A', 'CD3 count', '/uL', '8122-4'], ['CD4CD8', 'CD4/CD8 ratio', '1', '54218-3'],
  ['HIVVL', 'HIV-1 RNA', '{copies}/mL', '20447-9'], ['HIVVLLOG', 'HIV-1 RNA, log10', '{Log_copies}/mL', '29541-0'],
  ['WBC', 'Leukocytes', '10*9/L', '6690-2'], ['HGB', 'Haemoglobin', 'g/L', '718-7'], ['PLT', 'Platelets', '10*9/L', '777-3'],
  ['ALT', 'Alanine aminotransferase', 'U/L', '1742-6'], ['CREA', 'Creatinine', 'umol/L', '14682-9'],
].map(([key, name, unit, loinc]) => ({ key, name, unit, loinc }));

const attribute = (name, values) => ({ name, ...(values && { values }) });
const elements = {
  source: {
    text: 'One laboratory system or analyzer.',
    attributes: [attribute('id'), attribute('name'), attribute('version'), attribute('zone', ['Asia/Shanghai', 'UTC']), attribute('mode', ['live', 'test', 'shadow', 'off']), attribute('laboratory'), attribute('charset'), attribute('unknown-patient', ['hold', 'ignore']), attribute('retention-days')],
    children: ['approval', 'recognise', 'patient', 'specimen', 'collected', 'birth-date', 'sex', 'values', 'below', 'observation', 'ignore'],
  },
  recognise: { text: 'By what the sender’s messages are known.', attributes: [attribute('application'), attribute('facility'), attribute('port')], children: [] },
  patient: { text: 'Where the patient’s identifier stands; it always names its authority.', attributes: [attribute('from'), attribute('authority', ['QILU-MRN'])], children: [] },
  specimen: { text: 'Where the specimen’s number stands.', attributes: [attribute('from'), attribute('authority', ['QILU-ACC'])], children: [] },
  collected: { text: 'Where the time of collection stands.', attributes: [attribute('from')], children: [] },
  observation: {
    text: 'One test code, and the analyte that it is.',
    attributes: [attribute('code'), attribute('system', ['99BD', '99ROC', 'L', 'LN']), attribute('analyte', analytes.map((each) => each.key)), attribute('spelled'), attribute('assume-unit'), attribute('when-unit'), attribute('loinc')],
    children: ['replicates'],
  },
  ignore: { text: 'A test code that is not for a study, and why.', attributes: [attribute('code'), attribute('system'), attribute('because')], children: [] },
  word: { text: 'A word that stands for a value.', attributes: [attribute('text'), attribute('means'), attribute('kind', ['not_detected', 'qualitative', 'no_result']), attribute('canonical')], children: [] },
  below: { text: 'What a value below the limit means.', attributes: [attribute('means', ['below_lloq', 'below_lod'])], children: [] },
};

export const routes = [
  ['GET', '/mappings/vocabulary', () => ({
    analytes, elements,
    units: ['/uL', 'cells/uL', '10*6/L', '10*9/L', '10*12/L', '%', '{copies}/mL', 'copies/mL', '{Log_copies}/mL', '[IU]/mL', 'g/L', 'g/dL', 'U/L', 'umol/L', 'mmol/L', 'mg/dL', '1'],
  })],
];
