// Calls the official clients, checks what they make of our answers, and reports each call as a line of JSON.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { authenticate } from '@commercelayer/js-auth'
import { CommerceLayer } from '@commercelayer/sdk/bundle'

export const PASSWORD = 'Correct-horse-7'
export const NOBODY = 'kWjzbLyVHx'
export const MISSING = { status: 404, code: 'RECORD_NOT_FOUND' }
export const DENIED = { status: 401, code: 'UNAUTHORIZED' }
export const FORBIDDEN_FILTER = { status: 400, code: 'FILTER_NOT_ALLOWED' }

const LETTERS = { create: 'C', retrieve: 'S', list: 'L', update: 'U', delete: 'D' }

// The SDK's lists are a kind of array of their own; ids of what is in them.
export const idsOf = (page) => Array.from(page, (one) => one.id)
export const word = (name) => `${name}-${randomBytes(6).toString('hex')}`
export const fresh = (name) => `${word(name)}@example.com`

export class Walk {
  constructor(facts) {
    this.facts = facts
    this.domain = facts.domain
  }

  report(line) {
    process.stdout.write(`${JSON.stringify(line)}\n`)
  }

  // A token as js-auth gives it. It returns refusals: they are thrown here.
  async token(grant, options) {
    const answer = await authenticate(grant, { domain: this.domain, ...options })
    if (answer.errors) throw Object.assign(new Error('no token'), { errors: answer.errors })
    return answer
  }

  async integrationToken() {
    const { clientId, clientSecret } = this.facts.integration
    return this.token('client_credentials', { clientId, clientSecret })
  }

  async guestToken() {
    return this.token('client_credentials', this.facts.channel)
  }

  // The SDK with a token; it takes organization and domain from there.
  client({ accessToken }) {
    return CommerceLayer({ accessToken })
  }

  async open() {
    this.cl = this.client(await this.integrationToken())
  }

  // A customer who signs in through the sales channel.
  async shopper() {
    const username = fresh('shopper')
    const made = await this.cl.customers.create({ email: username, password: PASSWORD })
    const ticket = await this.token('password', { ...this.facts.channel, username, password: PASSWORD })
    return { id: made.id, email: username, ticket, cl: this.client(ticket) }
  }

  async succeeds(type, operation, args, check = () => {}, cl = this.cl) {
    const answer = await cl[type][operation](...args)
    await check(answer)
    this.report({ type, operation, outcome: 'success' })
    return answer
  }

  // A call that is refused, with the error that the client throws.
  async fails(type, operation, args, { status, code, pointer, rule }, cl = this.cl) {
    let error
    try {
      await cl[type][operation](...args)
    } catch (thrown) {
      error = thrown
    }
    assert.ok(error, `${type}.${operation} was to be refused with ${status}`)
    assert.deepEqual([error.name, error.type, error.status], ['ApiError', 'response', status], error.stack)
    const first = error.first()
    const named = code ?? 'VALIDATION_ERROR'
    assert.ok(first, `${type}.${operation}: no errors in the body`)
    assert.deepEqual([first.code, first.status], [named, String(status)], JSON.stringify(error.errors))
    assert.ok(first.title && first.detail)
    if (pointer) assert.equal(first.source.pointer, pointer)
    if (rule) assert.equal(first.meta.error, rule)
    this.report({ type, operation, outcome: 'failure', error: `${status} ${named}` })
  }

  // Triggers, one after the other: each with what its answer shows, and with the value that it takes, if any. And each on
  // what nobody has.
  async steps(type, id, steps, cl = this.cl) {
    for (const [trigger, expected, ...value] of steps) {
      await this.succeeds(type, trigger, [id, ...value], (shown) => {
        for (const [name, wanted] of Object.entries(expected)) assert.deepEqual(shown[name], wanted, `${trigger}: ${name}`)
      }, cl)
      await this.fails(type, trigger, [NOBODY, ...value], MISSING, cl)
    }
  }

  // Filters that all find exactly these, in the order of the list.
  async finds(type, ids, ...questions) {
    for (const filters of questions) {
      const found = idsOf(await this.cl[type].list({ filters, sort: ['created_at'] }))
      assert.deepEqual(found, ids, `${type}: ${JSON.stringify(filters)}`)
    }
    this.report({ check: `${type} are found by filters` })
  }

  // Something that holds beyond single calls.
  async check(what, prove) {
    await prove()
    this.report({ check: what })
  }

  // What every resource can do, with a success and a failure each: `make` gives attributes and relationships, `change` what
  // an update changes, `blank` the refusal of a create without anything, `once` what only its answer shows. Answers one that is
  // still there.
  async resource(type, { make, change, blank, listed = {}, once = [] }) {
    const { letters } = this.facts.types[type]
    const can = (operation) => letters.includes(LETTERS[operation])
    const isFresh = (shown) => {
      assert.equal(shown.type, type)
      assert.match(shown.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      assert.deepEqual(shown.metadata, shown.metadata ?? {})
    }
    const made = await this.succeeds(type, 'create', [await make()], isFresh)
    if (blank) await this.fails(type, 'create', [{}], blank)
    await this.succeeds(type, 'retrieve', [made.id], (same) => {
      for (const name of once) assert.equal(same[name], null)
      assert.deepEqual({ ...same }, { ...made, ...Object.fromEntries(once.map((name) => [name, null])) })
    })
    await this.fails(type, 'retrieve', [NOBODY], MISSING)
    if (can('list')) {
      await this.succeeds(type, 'list', [{ ...listed, pageSize: 3, sort: ['-created_at'] }], (page) => {
        assert.ok(page.some((one) => one.id === made.id))
        assert.ok(page.meta.recordCount >= page.length)
        assert.equal(page.meta.recordsPerPage, 3)
      })
      await this.fails(type, 'list', [{ filters: { colour_eq: 'red' } }], FORBIDDEN_FILTER)
      const count = await this.cl[type].count()
      assert.ok(count >= 1)
    }
    if (can('update')) {
      const [[name, value]] = Object.entries(change)
      await this.succeeds(type, 'update', [{ id: made.id, ...change }], (changed) => assert.deepEqual(changed[name], value))
      await this.fails(type, 'update', [{ id: NOBODY, ...change }], MISSING)
    }
    await this.relationships(type, made.id)
    if (can('delete')) {
      const other = await this.cl[type].create(await make())
      await this.succeeds(type, 'delete', [other.id], (none) => assert.equal(none, undefined))
      await this.fails(type, 'delete', [other.id], MISSING)
    }
    return made
  }

  // What a token knows one of, with the client's name for it.
  async singleton(type, name, check) {
    const shown = await this.cl[name].retrieve()
    assert.equal(shown.type, type)
    await check(shown)
    this.report({ type, operation: 'retrieve', outcome: 'success' })
    const stranger = CommerceLayer({ organization: this.facts.organization, domain: this.domain, accessToken: 'x.y.z' })
    await assert.rejects(stranger[name].retrieve(), (error) => error.status === 401 && error.first().code === 'INVALID_TOKEN')
    this.report({ type, operation: 'retrieve', outcome: 'failure' })
    await this.relationships(type, shown.id, name)
  }

  // All relationships of one. `part` is the client's name for the type, and its path.
  async relationships(type, id, part = type) {
    for (const one of this.facts.types[type].relationships) await this.relationship(type, id, one, part)
  }

  // A relationship's own route, its linkage, and the same by `include`.
  async relationship(type, id, { name, many, includes }, part) {
    const cl = { [type]: this.cl[part] }
    let found
    if (typeof cl[type][name] === 'function') {
      found = await this.succeeds(type, name, [id], undefined, cl)
      await this.fails(type, name, [NOBODY], MISSING, cl)
    } else {
      found = await this.byHand(type, name, (one) => `${part}/${one}/${name}`, id)
    }
    assert.equal(Array.isArray(found), many, `${type}.${name}`)
    const ids = (some) => (many ? idsOf(some).sort() : (some?.id ?? null))
    const linked = await this.byHand(type, `${name}.linkage`, (one) => `${part}/${one}/relationships/${name}`, id)
    assert.deepEqual(ids(linked), ids(found), `linkage of ${type}.${name}`)
    if (!includes) return
    const whole = await cl[type].retrieve(id, { include: [name], fields: { [type]: ['created_at', name] } })
    assert.deepEqual(ids(whole[name]), ids(found), `include ${type}.${name}`)
  }

  // Routes that links lead to and for which the client has no method: linkages, and relationships of many types.
  async byHand(type, operation, path, id) {
    const { accessToken } = await this.integrationToken()
    const ask = async (one) => {
      const url = `https://${this.facts.organization}.${this.domain}/api/${path(one)}`
      const answer = await fetch(url, { headers: { authorization: `Bearer ${accessToken}` } })
      return { status: answer.status, ...(await answer.json()) }
    }
    const { status, data } = await ask(id)
    assert.equal(status, 200, `${type}.${operation}`)
    this.report({ type, operation, outcome: 'success' })
    const { errors } = await ask(NOBODY)
    assert.equal(errors?.[0].code, MISSING.code, `${type}.${operation}`)
    this.report({ type, operation, outcome: 'failure', error: `404 ${MISSING.code}` })
    return data
  }
}
