// Triggers: which ones the walk pulls, wherever it does; and each of them for something that nobody has.
import { MISSING, NOBODY } from './walk.mjs'

const VALUES = { _refund_amount_cents: 100, _authorization_amount_cents: 100 } // others take a text

// Reports every trigger that a request carries, and what became of it.
export function watch(walk) {
  const native = globalThis.fetch
  globalThis.fetch = async (input, init) => {
    const answer = await native(input, init)
    const { data } = init?.method === 'PATCH' || init?.method === 'POST' ? sent(init.body) : {}
    for (const name of Object.keys(data?.attributes ?? {})) {
      const outcome = answer.ok ? 'success' : 'failure'
      if (name.startsWith('_')) walk.report({ type: data.type, operation: name, outcome })
    }
    return answer
  }
}

function sent(body) {
  try {
    return JSON.parse(body)
  } catch {
    return {}
  }
}

export default async function triggers(walk) {
  for (const [type, { triggers: served }] of Object.entries(walk.facts.types)) {
    const known = served.filter((name) => typeof walk.cl[type]?.[name] === 'function')
    for (const name of known) {
      // Not everything that is wrong is said at once: of a reset without a password nobody learns whether it is there.
      const refusal = name === '_reset_password_token' ? { status: 422 } : MISSING
      await walk.fails(type, name, [NOBODY, VALUES[name] ?? 'x'], refusal)
    }
    walk.report({ knows: type, triggers: known })
  }
}
