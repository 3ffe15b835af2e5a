export const segmentNames = {
  MSH: 'Message header', PID: 'Patient identification', PV1: 'Patient visit', ORC: 'Common order', OBR: 'Observation request',
  OBX: 'Observation', SPM: 'Specimen', SAC: 'Container', NTE: 'Notes and comments',
};

export const fieldNames = {
  MSH: ['Field separator', 'Encoding characters', 'Sending application', 'Sending facility', 'Receiving application',
    'Receiving facility', 'Date/time of message', 'Security', 'Message type', 'Message control id', 'Processing id',
    'Version id', 'Sequence number', 'Continuation pointer', 'Accept acknowledgement type',
    'Application acknowledgement type', 'Country code', 'Character set', 'Principal language', 'Alternate character set',
    'Message profile identifier'],
  PID: ['Set id', 'Patient id', 'Patient identifier list', 'Alternate patient id', 'Patient name', 'Mother’s maiden name',
    'Date/time of birth', 'Administrative sex', 'Patient alias', 'Race', 'Patient address'],
  OBR: ['Set id', 'Placer order number', 'Filler order number', 'Universal service identifier', 'Priority',
    'Requested date/time', 'Observation date/time', 'Observation end date/time', 'Collection volume',
    'Collector identifier', 'Specimen action code', 'Danger code', 'Relevant clinical information',
    'Specimen received date/time', 'Specimen source', 'Ordering provider', 'Order callback phone', 'Placer field 1',
    'Placer field 2', 'Filler field 1', 'Filler field 2', 'Results report date/time', 'Charge to practice',
    'Diagnostic service section', 'Result status'],
  OBX: ['Set id', 'Value type', 'Observation identifier', 'Observation sub-id', 'Observation value', 'Units',
    'Reference range', 'Interpretation codes', 'Probability', 'Nature of abnormal test', 'Observation result status',
    'Effective date of reference range', 'User defined access checks', 'Date/time of the observation', 'Producer’s id',
    'Responsible observer', 'Observation method', 'Equipment instance identifier', 'Date/time of the analysis'],
  SPM: ['Set id', 'Specimen identifier', 'Specimen parent ids', 'Specimen type', 'Specimen type modifier', 'Specimen additives',
    'Specimen collection method', 'Specimen source site', 'Source site modifier', 'Specimen collection site', 'Specimen role',
    'Specimen collection amount', 'Grouped specimen count', 'Specimen description', 'Specimen handling code',
    'Specimen risk code', 'Specimen collection date/time', 'Specimen received date/time'],
  SAC: ['External accession identifier', 'Accession identifier', 'Container identifier', 'Primary container identifier'],
  ORC: ['Order control', 'Placer order number', 'Filler order number', 'Placer group number', 'Order status'],
  NTE: ['Set id', 'Source of comment', 'Comment'],
};

const cx = ['Id number', 'Check digit', 'Check digit scheme', 'Assigning authority', 'Identifier type code'];
const ce = ['Identifier', 'Text', 'Coding system', 'Alternate identifier', 'Alternate text', 'Alternate coding system'];
export const componentNames = {
  'PID-3': cx, 'OBX-3': ce, 'OBX-6': ce, 'OBR-4': ce, 'SPM-4': ce, 'MSH-9': ['Message code', 'Trigger event', 'Message structure'],
  'PID-5': ['Family name', 'Given name'], 'OBX-18': ['Entity identifier', 'Namespace id'],
};

/** Fields of a person, which stand as dots until somebody asks with a reason. */
export const masked = new Set(['PID-2', 'PID-3', 'PID-4', 'PID-5', 'PID-6', 'PID-7', 'PID-9', 'PID-11']);
