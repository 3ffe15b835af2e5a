import { createRequire } from 'node:module'
import { messages, port, report } from './messages.mjs'

// The package's ES module of this version asks iconv-lite for names that Node.js does not find there.
const require = createRequire(import.meta.url)
const { Hl7Message } = require('@medplum/core')
const { Hl7Client } = require('@medplum/hl7')

const client = new Hl7Client({ host: '127.0.0.1', port })
for (const message of messages) {
  const msa = (await client.sendAndWait(Hl7Message.parse(message))).getSegment('MSA')
  report(msa.getField(1), msa.getField(2))
}
client.close()
