// One-time codes: as second factor, and instead of a password.
import assert from 'node:assert/strict'
import { PASSWORD } from './walk.mjs'

const REFUSED = { status: 401, code: 'UNAUTHORIZED' }
const nothing = (answer) => assert.equal(answer, undefined)
const codeIn = (text) => /\b\d{6}\b/.exec(text)[0]
const another = (code) => String((Number(code) + 1) % 1_000_000).padStart(6, '0')

export default async function codes(walk) {
  const { customerAccount } = await walk.shopper()
  await walk.tell('settings', { email_code_sign_in: true, second_factor: { always: true } })
  await secondFactor(walk, customerAccount)
  await insteadOfPassword(walk, customerAccount)
  await walk.tell('settings', {})
  const otpRequest = { email: customerAccount.emailAddress }
  const api = walk.api('StorefrontAuthTicket')
  await walk.fails(api, 'generateAndSendOtp', { otpRequest }, { status: 403, code: 'FORBIDDEN' })
}

async function secondFactor(walk, { id, emailAddress }) {
  const api = walk.api('StorefrontAuthTicket')
  const info = { username: emailAddress, password: PASSWORD }
  const waiting = await api.createUserAuthTicket({ customerUserAuthInfo: info })
  assert.deepEqual([waiting.requires2FA, waiting.customerAccount, waiting.refreshToken], [true, null, null])

  const waits = walk.shopperApi('StorefrontAuthTicket', waiting.accessToken)
  await walk.fails(waits, 'generateAndSend2faOtp', {}, { status: 429, code: 'TOO_MANY_REQUESTS' })
  await walk.tell('minuteLater', emailAddress)
  await walk.repeats(waits, 'generateAndSend2faOtp', {}, nothing)

  const { userId } = waiting
  const otpCode = codeIn(await walk.mailTo(emailAddress, 'shopperSecondFactorCode'))
  const wrong = { authTicket2FAInfo: { userId, otpCode: another(otpCode) } }
  await walk.fails(api, 'validate2FAAndCreateAuthTicket', wrong, REFUSED)
  await walk.succeeds(api, 'validate2FAAndCreateAuthTicket', { authTicket2FAInfo: { userId, otpCode } }, (ticket) => {
    assert.deepEqual([ticket.requires2FA, ticket.customerAccount.id], [false, id])
    assert.ok(ticket.customerAccount.last2FaDate)
  })
}

async function insteadOfPassword(walk, { id, emailAddress }) {
  const api = walk.api('StorefrontAuthTicket')
  await walk.repeats(api, 'generateAndSendOtp', { otpRequest: { email: emailAddress } }, nothing)
  await walk.check('asking for a code does not tell who is a customer', async () => {
    nothing(await api.generateAndSendOtp({ otpRequest: { email: 'nobody@example.com' } }))
  })
  const otpCode = codeIn(await walk.mailTo(emailAddress, 'shopperSignInCode'))
  const info = { email: emailAddress, otpCode, fingerprint: 'phone', region: 'TX' }
  const wrong = { authTicketOtpInfo: { ...info, otpCode: another(otpCode) } }
  await walk.fails(api, 'validateOtpAndCreateAuthTicket', wrong, REFUSED)
  await walk.succeeds(api, 'validateOtpAndCreateAuthTicket', { authTicketOtpInfo: info }, (ticket) => {
    assert.deepEqual([ticket.requires2FA, ticket.customerAccount.id], [false, id])
  })
}
