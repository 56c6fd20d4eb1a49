// Passwords, locks, and the state of logins.
import assert from 'node:assert/strict'
import { NOBODY, PASSWORD } from './walk.mjs'

const MISSING = { status: 404, code: 'ITEM_NOT_FOUND' }
const INVALID = { status: 400, code: 'MISSING_OR_INVALID_PARAMETER' }
const nothing = (answer) => assert.equal(answer, undefined)

export default async function passwords(walk) {
  const api = walk.api('CustomerAccount')
  const tickets = walk.api('StorefrontAuthTicket')
  const { customerAccount } = await walk.shopper()
  const accountId = customerAccount.id
  const signIn = (password) =>
    tickets.createUserAuthTicket({ customerUserAuthInfo: { username: customerAccount.emailAddress, password } })

  await change(walk, api, accountId, signIn)
  await reset(walk, api, customerAccount, signIn)
  await lock(walk, api, customerAccount, signIn)
  await state(walk, api, customerAccount)
}

async function change(walk, api, accountId, signIn) {
  const customerPasswordInfo = { oldPassword: PASSWORD, newPassword: 'Another-horse-8' }
  await walk.repeats(api, 'changePassword', { accountId, customerPasswordInfo }, nothing)
  await walk.fails(api, 'changePassword', { accountId, customerPasswordInfo }, { ...INVALID, parameter: 'password' })
  await signIn('Another-horse-8')

  const rows = [
    { accountId, passwordInfo: { oldPassword: 'Another-horse-8', newPassword: 'Third-horse-9' } },
    { accountId: NOBODY, passwordInfo: { oldPassword: PASSWORD, newPassword: 'Third-horse-9' } },
  ]
  const accountPasswordInfoCollection = { items: rows, totalCount: 2 }
  await walk.repeats(api, 'changePasswords', { accountPasswordInfoCollection }, (results) => {
    assert.deepEqual(
      results.items.map((row) => [row.accountId, row.succeeded]),
      [
        [accountId, true],
        [NOBODY, false],
      ],
    )
    assert.ok(results.items[1].errorMessage)
  })
  const tooMany = { items: Array(101).fill(rows[1]) }
  await walk.fails(
    api,
    'changePasswords',
    { accountPasswordInfoCollection: tooMany },
    { ...INVALID, parameter: 'items' },
  )
  await signIn('Third-horse-9')
}

async function reset(walk, api, customerAccount, signIn) {
  const { emailAddress } = customerAccount
  await walk.repeats(api, 'resetPassword', { customerResetPasswordInfo: { emailAddress } }, nothing)
  const unknown = { emailAddress: 'nobody@example.com' }
  await walk.check('asking for a reset does not tell who is a customer', async () => {
    nothing(await api.resetPassword({ customerResetPasswordInfo: unknown }))
  })
  await walk.fails(
    api,
    'resetPassword',
    { customerResetPasswordInfo: {} },
    {
      ...INVALID,
      parameter: 'resetPasswordInfo',
    },
  )

  const text = await walk.mailTo(emailAddress)
  const [, confirmationCode, userId] = text.match(/\/user\/resetpasswordconfirm\?t=(\w+)&u=(\w+)/)
  assert.equal(userId, customerAccount.userId)
  const confirmationInfo = { userName: emailAddress, newPassword: 'Fourth-horse-10', confirmationCode }
  await walk.repeats(api, 'updateForgottenPassword', { confirmationInfo }, nothing)
  await walk.fails(api, 'updateForgottenPassword', { confirmationInfo }, { ...INVALID, parameter: 'confirmationCode' })
  await signIn('Fourth-horse-10')
}

async function lock(walk, api, { id: accountId, emailAddress: username }, signIn) {
  const tickets = walk.api('StorefrontAuthTicket')
  const customerUserAuthInfo = { username, password: 'Fourth-horse-10' }
  const forbidden = { status: 403, code: 'FORBIDDEN' }

  await walk.repeats(api, 'setLoginLocked', { accountId, body: true }, nothing)
  await walk.fails(tickets, 'createUserAuthTicket', { customerUserAuthInfo }, forbidden)
  await walk.succeeds(api, 'setLoginLocked', { accountId, body: false }, nothing)
  await signIn('Fourth-horse-10')
  await walk.fails(api, 'setLoginLocked', { accountId: NOBODY, body: true }, MISSING)

  await walk.repeats(api, 'setPasswordChangeRequired', { accountId, body: true }, nothing)
  await walk.fails(tickets, 'createUserAuthTicket', { customerUserAuthInfo }, forbidden)
  await walk.succeeds(api, 'setPasswordChangeRequired', { accountId, body: false }, nothing)
  await walk.fails(api, 'setPasswordChangeRequired', { accountId: NOBODY, body: true }, MISSING)
}

async function state(walk, api, { id: accountId, emailAddress, userName }) {
  const known = await walk.succeeds(api, 'getLoginState', { accountId }, (login) => {
    assert.deepEqual([login.isLocked, login.isPasswordChangeRequired], [false, false])
    assert.ok(login.lastLoginOn && login.lastLockedOn && login.lastPasswordChangeOn)
  })
  const same = (login) => assert.deepEqual(login, known)
  await walk.fails(api, 'getLoginState', { accountId: NOBODY }, MISSING)
  await walk.succeeds(api, 'getLoginStateByEmailAddress', { emailAddress }, same)
  await walk.fails(api, 'getLoginStateByEmailAddress', {}, { ...INVALID, parameter: 'emailAddress' })
  await walk.succeeds(api, 'getLoginStateByUserName', { userName, customerSetCode: 'default' }, same)
  await walk.fails(api, 'getLoginStateByUserName', { userName: 'nobody' }, MISSING)
}
