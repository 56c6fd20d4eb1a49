// Calls the official client, checks what it makes of our answers, and reports each call as a line of JSON.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const require = createRequire(import.meta.url)
const { Configuration } = require('@kibocommerce/rest-sdk')
// The client comes in parts; each group of operations is in one of them.
const CLIENTS = ['Customer', 'Commerce', 'CatalogAdministration'].map((name) =>
  require(`@kibocommerce/rest-sdk/clients/${name}`),
)

export const PASSWORD = 'Correct-horse-7'
export const NOBODY = 999999999

export const fresh = (name) => `${name}-${randomBytes(6).toString('hex')}@example.com`

// Headers on top of those that the client sends itself: its own way to change a single call.
export const withHeaders =
  (headers) =>
  async ({ init }) => ({ headers: { ...init.headers, ...headers } })

// The way that the vendor's documentation has for shoppers' tokens, as the client drops `userClaims` beside a token.
export const asShopper = (token) => ({
  pre: async ({ url, init }) => ({
    url,
    init: { ...init, headers: { ...init.headers, 'x-vol-user-claims': token } },
  }),
})

export class Walk {
  constructor(shop) {
    this.shop = shop
    this.seen = null
    this.answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
  }

  // A configuration with a token that is known already ("mode A"); `more` replaces or adds settings.
  configuration(more = {}) {
    return new Configuration({
      tenantId: this.shop.tenantId,
      siteId: this.shop.siteId,
      masterCatalog: 1,
      catalog: 1,
      apiHost: this.shop.base,
      accessToken: async () => this.shop.token,
      ...more,
    })
  }

  // An API of the client, by the name of its group of operations.
  api(group, configuration = this.configuration()) {
    const post = async ({ response }) => {
      this.seen = { status: response.status, etag: response.headers.get('etag') }
    }
    const client = CLIENTS.find((one) => `${group}Api` in one)
    return new client[`${group}Api`](configuration).withMiddleware({ post })
  }

  // The same, calling as a shopper.
  shopperApi(group, token) {
    return this.api(group, this.configuration({ middleware: [asShopper(token)] }))
  }

  report(line) {
    process.stdout.write(`${JSON.stringify(line)}\n`)
  }

  record(api, operation, outcome, more = {}) {
    const group = api.constructor.name.replace(/Api$/, '')
    this.report({ operation: `${group}.${operation}`, outcome, ...this.seen, ...more })
  }

  // A call that works. `check` gets the answer as the client gives it.
  async succeeds(api, operation, args = {}, check = () => {}, override = undefined) {
    const answer = await api[operation](args, override)
    await check(answer)
    this.record(api, operation, 'success', { answer, thinned: 'responseFields' in args })
    return answer
  }

  // A call that is refused, with the error that the client throws.
  async fails(api, operation, args, expected, override = undefined) {
    const error = await this.refusal(api, operation, args, expected, override)
    this.record(api, operation, 'failure', { error: `${error.response.status} ${error.apiError.errorCode}` })
  }

  // A change that works, and whose repetition with the same Idempotency-Key gets the same answer.
  async repeats(api, operation, args = {}, check = () => {}) {
    const once = withHeaders({ 'Idempotency-Key': randomBytes(16).toString('hex') })
    const answer = await this.succeeds(api, operation, args, check, once)
    const first = this.seen
    assert.deepEqual(await api[operation](args, once), answer)
    assert.deepEqual(this.seen, first)
    this.record(api, operation, 'repeated')
    return answer
  }

  // A change of a version that is no longer the newest.
  async stale(api, operation, args) {
    const expected = { status: 412, code: 'PRECONDITION_FAILED' }
    await this.refusal(api, operation, args, expected, withHeaders({ 'If-Match': '"0"' }))
    this.record(api, operation, 'stale')
  }

  async refusal(api, operation, args, expected, override) {
    let error
    try {
      await api[operation](args, override)
    } catch (thrown) {
      error = thrown
    }
    assert.ok(error, `${operation} was to be refused with ${expected.status}`)
    this.checkError(error, expected)
    return error
  }

  // The error has everything that the client's users look at.
  checkError(error, { status, code, parameter }) {
    assert.equal(error.name, 'ResponseError', error.stack)
    const { response, apiError } = error
    assert.deepEqual([response.status, apiError.errorCode], [status, code], error.stack)
    assert.ok(error.message)
    assert.equal(error.message, apiError.message)
    assert.ok(response.url.startsWith(`${this.shop.base}/api/`), response.url)
    assert.ok(response.statusText)
    assert.match(response.correlationId, /^[0-9a-f]{32}$/)
    assert.equal(response.correlationId, apiError.correlationId)
    assert.equal(apiError.applicationName, 'Customer')
    assert.equal(apiError.exceptionDetail, null)
    assert.ok(Array.isArray(apiError.items))
    // The client makes text of this list; its users parse it again.
    assert.equal(typeof apiError.additionalErrorData, 'string')
    const data = JSON.parse(apiError.additionalErrorData)
    if (parameter !== undefined) {
      assert.deepEqual(data, [{ name: 'ParameterName', value: parameter }])
      assert.ok(error.message.startsWith(`Missing or invalid parameter: ${parameter} `), error.message)
      assert.deepEqual(apiError.items[0].additionalErrorData, data)
    }
  }

  // Something that holds beyond single calls.
  async check(what, prove) {
    await prove()
    this.report({ check: what })
  }

  // What the test that started us knows: the mails that went out.
  async mailTo(recipient, kind = 'shopperPasswordReset') {
    return this.tell('mail', { recipient, kind })
  }

  // What the test that started us does for the walk, as an operator would, or time.
  async tell(ask, about) {
    this.report({ ask, about })
    const { value } = await this.answers.next()
    return JSON.parse(value).text
  }

  // The account of a new shopper, with the ticket that signing up gave.
  async shopper(more = {}) {
    const account = { emailAddress: fresh('shopper'), firstName: 'Kim', lastName: 'Lee', ...more }
    return this.api('CustomerAccount').addAccountAndLogin({
      customerAccountAndAuthInfo: { account, password: PASSWORD },
    })
  }

  // A new account without a login.
  async guest(more = {}) {
    return this.api('CustomerAccount').addAccount({
      customerAccount: { emailAddress: fresh('guest'), ...more },
    })
  }
}
