// What the three scripts share: the arguments (PORT FILE…) and the line that is printed for each answer.
import { readFileSync } from 'node:fs'

export const port = Number(process.argv[2])
export const messages = process.argv.slice(3).map(file => readFileSync(file, 'utf8'))

/** `code` and `controlId` are what the client's own parser made of MSA-1 and MSA-2. */
export function report (code, controlId) {
  console.log(JSON.stringify({ code: String(code), control_id: String(controlId) }))
}
