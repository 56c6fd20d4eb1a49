// Walks through every operation. The shop comes as JSON in PATRON_SHOP; what happens goes to stdout, line by line.
import { Walk } from './walk.mjs'
import accounts from './accounts.mjs'
import addresses from './addresses.mjs'
import attributes from './attributes.mjs'
import cards from './cards.mjs'
import codes from './codes.mjs'
import credits from './credits.mjs'
import contacts from './contacts.mjs'
import impersonation from './impersonation.mjs'
import modes from './modes.mjs'
import notes from './notes.mjs'
import passwords from './passwords.mjs'
import segments from './segments.mjs'
import productAttributes from './product_attributes.mjs'
import signUp from './sign_up.mjs'
import surroundings from './surroundings.mjs'
import tickets from './tickets.mjs'
import transactions from './transactions.mjs'
import visits from './visits.mjs'

const parts = {
  accounts,
  contacts,
  addresses,
  notes,
  attributes,
  productAttributes,
  cards,
  transactions,
  credits,
  segments,
  visits,
  surroundings,
  signUp,
  passwords,
  tickets,
  codes,
  impersonation,
  modes,
}
const walk = new Walk(JSON.parse(process.env.PATRON_SHOP))

for (const [name, part] of Object.entries(parts)) {
  try {
    await part(walk)
  } catch (error) {
    walk.report({ broken: name, error: error.stack, body: error.apiError })
  }
}
walk.report({ done: true })
process.exit(0)
