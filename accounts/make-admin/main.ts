//! `bun accounts/make-admin/main.ts --login LOGIN`: a new admin, with the password that stands on the standard input.
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { accountsStream } from '../../contracts/events/accounts.ts'
import { newId } from '../../contracts/ids.ts'
import { processClock } from '../../contracts/time.ts'
import { createOutbox } from '../../runtime/messages/outbox.ts'
import { openStore } from '../../runtime/store/open.ts'
import { peek } from '../../runtime/store/peek.ts'
import { type Config, loadConfig } from '../config.ts'
import { loginKeyOf } from '../domain/login.ts'
import { createLimits } from '../limits.ts'
import { changeRole } from '../operations/change-role.ts'
import { register } from '../operations/register.ts'
import { operatorCall } from '../operator.ts'
import { createPasswords } from '../passwords.ts'
import { type AccountsStore, schema } from '../store/schema.ts'
import { accountByLogin } from '../store/users.ts'

const usage = `bun accounts/make-admin/main.ts --login LOGIN < FILE    a new admin, whose password is the first line of FILE
bun accounts/make-admin/main.ts --login LOGIN --promote   makes an account that is there an admin

  --data DIR   the shop's data folder (default: $DATA_DIR, or .data); ACCOUNTS_DATABASE_URL goes before it

The service may run or not, but must have run once: where there is no shop none is made. The settings are its own.
`

const now = processClock()

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      login: { type: 'string' },
      data: { type: 'string' },
      promote: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const { login, data, promote, help } = values
  if (help || login === undefined) {
    process.stdout.write(usage)
    return help ? 0 : 1
  }
  const config = loadConfig(data === undefined ? process.env : { ...process.env, DATA_DIR: resolve(data) })
  await mustHaveAccounts(config.databaseUrl)
  const migrations = join(import.meta.dir, '../store/migrations')
  const store = await openStore(config.databaseUrl, { schema, migrations })
  const problem = await (promote ? promoted(store, login) : made(store, config, login)).finally(() =>
    store.close(),
  )
  if (problem === undefined) process.stdout.write(`${login} is an admin\n`)
  else process.stderr.write(`make-admin: ${problem}\n`)
  return problem === undefined ? 0 : 1
}

/** Opening a store makes it: in a wrong folder there would be an admin, of a shop that nobody runs. */
async function mustHaveAccounts(url: string): Promise<void> {
  await using there = await peek(url)
  if (there?.tables.has('users')) return
  const where = url.startsWith('sqlite:') ? resolve(url.slice('sqlite:'.length)) : 'the PostgreSQL database'
  throw new Error(
    `there are no accounts in ${where}: where is the shop (--data DIR, ACCOUNTS_DATABASE_URL), or has it never run?`,
  )
}

/** What is wrong, or undefined. An account that has the login keeps its password: it may be somebody else's. */
async function made(store: AccountsStore, config: Config, login: string): Promise<string | undefined> {
  const [password = ''] = (await Bun.stdin.text()).split(/\r?\n/)
  const { announce } = createOutbox({ stream: accountsStream, now, newId })
  const [passwords, limits] = [await createPasswords(config.passwords), createLimits(config.limits)]
  const nothing = { name: undefined, email: undefined, phone: undefined, address: undefined }
  const answer = await register({ store, now, announce, passwords, limits }, operatorCall(now, newId), {
    login,
    password,
    role: 'admin',
    ...nothing,
  })
  if (answer.ok) return undefined
  const { code, details } = answer.error
  if (code === 'login_taken') return 'the login is taken; --promote makes the account that has it an admin'
  const errors = (details?.errors ?? []) as readonly { path: string; message: string }[]
  return errors.map(({ path, message }) => `the ${path.slice(1)} ${message}`).join('; ') || code
}

async function promoted(store: AccountsStore, login: string): Promise<string | undefined> {
  const call = operatorCall(now, newId)
  const account = await store.read((tx) => accountByLogin(tx, call.tenantId, loginKeyOf(login) ?? ''))
  if (account === undefined) return 'nobody has the login'
  const answer = await changeRole({ store, now }, call, { userId: account.id, role: 'admin' })
  return answer.ok ? undefined : answer.error.code
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`make-admin: ${error instanceof Error ? error.message : String(error)}\n`)
  return 1
})
