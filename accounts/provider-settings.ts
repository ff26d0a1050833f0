//! The settings of providers of sign-ins: `ACCOUNTS_OIDC_<NAME>_ISSUER`, `_CLIENT_ID` and `_CLIENT_SECRET`, for any name.
import { Type } from '@sinclair/typebox'
import type { Env } from '../runtime/config.ts'

export type ProviderSettings = {
  /** As it stands in the path of a sign-in. */
  readonly name: string
  readonly issuer: string
  readonly clientId: string
  /** Absent for a public client, which proves itself by PKCE alone. */
  readonly clientSecret: string | undefined
}

/** Whose address is known; of the others it has to be given. */
const issuers: Readonly<Record<string, string>> = {
  google: 'https://accounts.google.com',
  microsoft: 'https://login.microsoftonline.com/common/v2.0',
  yandex: 'https://oauth.yandex.ru',
}

const issuer = (name: string, example?: string) =>
  Type.Optional(
    Type.String({
      ...(issuers[name] === undefined ? {} : { defaultText: issuers[name] }),
      description: `Where ${name} says what it is${example === undefined ? '' : `, e.g. ${example}`}.`,
    }),
  )
const clientId = (name: string) =>
  Type.Optional(Type.String({ description: `Our name with ${name}; with it one may sign in there.` }))
const clientSecret = (name: string) =>
  Type.Optional(Type.String({ secret: true, description: `What we prove that by to ${name}.` }))

/** Those that most would look for; any other is set in the same way under its own name. */
export const providerSettings = {
  ACCOUNTS_OIDC_GOOGLE_CLIENT_ID: clientId('google'),
  ACCOUNTS_OIDC_GOOGLE_CLIENT_SECRET: clientSecret('google'),
  ACCOUNTS_OIDC_GOOGLE_ISSUER: issuer('google'),
  ACCOUNTS_OIDC_MICROSOFT_CLIENT_ID: clientId('microsoft'),
  ACCOUNTS_OIDC_MICROSOFT_CLIENT_SECRET: clientSecret('microsoft'),
  ACCOUNTS_OIDC_MICROSOFT_ISSUER: issuer('microsoft'),
  ACCOUNTS_OIDC_YANDEX_CLIENT_ID: clientId('yandex'),
  ACCOUNTS_OIDC_YANDEX_CLIENT_SECRET: clientSecret('yandex'),
  ACCOUNTS_OIDC_YANDEX_ISSUER: issuer('yandex'),
  ACCOUNTS_OIDC_KEYCLOAK_CLIENT_ID: clientId('keycloak'),
  ACCOUNTS_OIDC_KEYCLOAK_CLIENT_SECRET: clientSecret('keycloak'),
  ACCOUNTS_OIDC_KEYCLOAK_ISSUER: issuer('keycloak', 'https://login.example.org/realms/shop'),
}

const settingPattern = /^ACCOUNTS_OIDC_([A-Z][A-Z0-9]{0,31})_(ISSUER|CLIENT_ID|CLIENT_SECRET)$/

/** Every provider that is set, and what is wrong with any: a name that is misspelt must not be a button that is missing. */
export function providersOf(
  env: Env,
  isDevelopment: boolean,
): { readonly providers: readonly ProviderSettings[]; readonly problems: string[] } {
  const problems: string[] = []
  const names = new Set<string>()
  for (const setting of Object.keys(env).filter((name) => name.startsWith('ACCOUNTS_OIDC_'))) {
    const name = settingPattern.exec(setting)?.[1]
    if (name === undefined) problems.push(`${setting} is no setting of a provider of sign-ins`)
    else if ((env[setting] ?? '') !== '') names.add(name)
  }
  const providers: ProviderSettings[] = []
  for (const upper of [...names].sort()) {
    const name = upper.toLowerCase()
    const of = (field: string) => env[`ACCOUNTS_OIDC_${upper}_${field}`] || undefined
    const [issuer, clientId] = [of('ISSUER') ?? issuers[name], of('CLIENT_ID')]
    const problem = problemOf(issuer, clientId, isDevelopment)
    if (problem !== undefined) problems.push(`ACCOUNTS_OIDC_${upper}_${problem}`)
    else if (issuer !== undefined && clientId !== undefined)
      providers.push({ name, issuer, clientId, clientSecret: of('CLIENT_SECRET') })
  }
  return { providers, problems }
}

function problemOf(
  issuer: string | undefined,
  clientId: string | undefined,
  isDevelopment: boolean,
): string | undefined {
  if (clientId === undefined) return 'CLIENT_ID is not set'
  if (issuer === undefined) return 'ISSUER is not set'
  if (!URL.canParse(issuer)) return 'ISSUER must be an address'
  const { protocol } = new URL(issuer)
  return protocol === 'https:' || (isDevelopment && protocol === 'http:')
    ? undefined
    : 'ISSUER must begin with https://'
}
