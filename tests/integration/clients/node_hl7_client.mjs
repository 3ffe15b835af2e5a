import { Client, Message } from 'node-hl7-client'
import { messages, port, report } from './messages.mjs'

let answered = () => {}
// It cuts a connection off when this time is over, also one that stands and is in use: ten seconds if not told
// otherwise. Whoever started this ends it before.
const connectionTimeout = 600_000
const outbound = new Client({ host: '127.0.0.1' }).createOutbound({ port, connectionTimeout }, response => {
  // Its parser takes the carriage return that ends the last segment for one more, nameless segment.
  const answer = new Message({ text: response.getMessage().toString().trimEnd() })
  report(answer.get('MSA.1'), answer.get('MSA.2'))
  answered()
})
await new Promise(resolve => outbound.once('client.connect', resolve))
for (const text of messages) {
  const answer = new Promise(resolve => { answered = resolve })
  await outbound.sendMessage(new Message({ text }))
  await answer
}
await outbound.close()
process.exit(0) // the client's connection timer would keep the process alive
