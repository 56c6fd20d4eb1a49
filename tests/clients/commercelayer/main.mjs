// Walks through tokens, sessions, ways to move, a shop's flows, and resources. Facts come as JSON in PATRON_FACTS; what happens goes to stdout, line by line.
// Each resource is a file in resources/, named as its type.
import { readdirSync } from 'node:fs'
import { redirect } from './redirect.mjs'
import { Walk } from './walk.mjs'
import moving from './moving.mjs'
import paying from './paying.mjs'
import sessions from './sessions.mjs'
import shopping from './shopping.mjs'
import tokens from './tokens.mjs'
import triggers, { watch } from './triggers.mjs'

const facts = JSON.parse(process.env.PATRON_FACTS)
redirect(facts.domain, facts.base)
redirect(facts.crowded.domain, facts.crowded.base)
const walk = new Walk(facts)
watch(walk)
const parts = { tokens, sessions, moving, shopping, paying }
for (const file of readdirSync(new URL('resources/', import.meta.url)).sort()) {
  parts[file.replace(/\.mjs$/, '')] = (await import(`./resources/${file}`)).default
}

parts.triggers = triggers
await walk.open()
for (const [name, part] of Object.entries(parts)) {
  try {
    await part(walk)
  } catch (error) {
    walk.report({ broken: name, error: error.stack, errors: error.errors })
  }
}
walk.report({ done: true })
process.exit(0)
