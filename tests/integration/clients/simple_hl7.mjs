import hl7 from 'simple-hl7'
import { messages, port, report } from './messages.mjs'

const client = hl7.Server.createTcpClient({ host: '127.0.0.1', port, keepalive: true })
const parser = new hl7.Parser({ segmentSeperator: '\r' })
for (const text of messages) {
  await new Promise((resolve, reject) => {
    client.send(parser.parse(text), (error, answer) => {
      if (error) { reject(error); return }
      const msa = answer.getSegment('MSA')
      report(msa.getField(1), msa.getField(2))
      resolve()
    })
  })
}
client.close()
