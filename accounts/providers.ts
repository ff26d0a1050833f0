//! Whom else one may sign in with: OpenID Connect by a discovery document, and Yandex, which has none and speaks plain OAuth.
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type ClientAuth,
  ClientSecretPost,
  Configuration,
  calculatePKCECodeChallenge,
  discovery,
  enableNonRepudiationChecks,
  fetchProtectedResource,
  fetchUserInfo,
  None,
} from 'openid-client'
import { endOf } from './provider-errors.ts'
import type { ProviderSettings } from './provider-settings.ts'

/** Who somebody is, by the word of a provider. */
export type Who = {
  readonly issuer: string
  readonly subject: string
  readonly name: string | undefined
  readonly email: string | undefined
  /** That the address is theirs is the provider's word too. */
  readonly emailVerified: boolean
}

/** What only the browser that began a sign-in can bring again. */
export type Proofs = { readonly state: string; readonly nonce: string; readonly verifier: string }

export type Provider = {
  /** Where the browser is sent. */
  start(proofs: Proofs): Promise<URL>
  /** Who came back. Throws a refusal: `sign_in_failed`, or `unavailable` where the provider cannot be asked. */
  finish(proofs: Proofs, answer: URLSearchParams): Promise<Who>
}

export type Providers = ReadonlyMap<string, Provider>

const timeoutSeconds = 5
/** So often its keys and addresses are looked up again. */
const configurationMs = 3_600_000
const lengths = { subject: 255, email: 254, name: 200 }

export function createProviders(settings: readonly ProviderSettings[], publicUrl: string): Providers {
  return new Map(
    settings.map((each) => {
      const callback = new URL(`/api/v1/oauth/${each.name}/callback`, publicUrl)
      return [each.name, each.name === 'yandex' ? yandex(each, callback) : discovered(each, callback)]
    }),
  )
}

const clientAuth = ({ clientSecret }: ProviderSettings): ClientAuth =>
  clientSecret === undefined ? None() : ClientSecretPost(clientSecret)

async function startUrl(
  config: Configuration,
  callback: URL,
  scope: string,
  proofs: Partial<Proofs>,
): Promise<URL> {
  const { state = '', nonce, verifier = '' } = proofs
  return buildAuthorizationUrl(config, {
    redirect_uri: callback.href,
    scope,
    state,
    ...(nonce === undefined ? {} : { nonce }),
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })
}

const withAnswer = (callback: URL, answer: URLSearchParams): URL => new URL(`${callback.href}?${answer}`)

function discovered(settings: ProviderSettings, callback: URL): Provider {
  const { name, issuer, clientId } = settings
  let known: { readonly config: Promise<Configuration>; readonly until: number } | undefined

  const configuration = (): Promise<Configuration> => {
    if (known !== undefined && known.until > performance.now()) return known.config
    // Whatever came by the back channel is checked by its signature too, and not by TLS alone.
    const execute = [
      enableNonRepudiationChecks,
      ...(issuer.startsWith('http:') ? [allowInsecureRequests] : []),
    ]
    const options = { execute, timeout: timeoutSeconds }
    const config = discovery(new URL(issuer), clientId, {}, clientAuth(settings), options)
    known = { config, until: performance.now() + configurationMs }
    config.catch(() => {
      known = undefined
    })
    return config
  }

  return {
    start: (proofs) =>
      endOf(name, async () => startUrl(await configuration(), callback, 'openid email profile', proofs)),
    finish: (proofs, answer) =>
      endOf(name, async () => {
        const config = await configuration()
        const tokens = await authorizationCodeGrant(config, withAnswer(callback, answer), {
          expectedState: proofs.state,
          expectedNonce: proofs.nonce,
          pkceCodeVerifier: proofs.verifier,
          idTokenExpected: true,
        })
        const claims = tokens.claims()
        if (claims === undefined) throw new Error('an ID token was expected and did not come')
        const hasUserInfo = config.serverMetadata().userinfo_endpoint !== undefined
        // Address and word for it come from one place.
        const said: Claims =
          claims.email === undefined && hasUserInfo
            ? await fetchUserInfo(config, tokens.access_token, claims.sub)
            : { name: claims.name, email: claims.email, email_verified: claims.email_verified }
        return whoOf(claims.iss, claims.sub, said)
      }),
  }
}

type Claims = { readonly name?: unknown; readonly email?: unknown; readonly email_verified?: unknown }

function whoOf(issuer: string, subject: string, { name, email, email_verified }: Claims): Who {
  const text = (value: unknown, lengthMax: number) =>
    typeof value === 'string' && value.length > 0 && value.length <= lengthMax && value.isWellFormed()
      ? value
      : undefined
  if (text(subject, lengths.subject) === undefined) throw new Error('the subject is no subject')
  const address = text(email, lengths.email)
  return {
    issuer,
    subject,
    name: text(name, lengths.name),
    email: address,
    emailVerified: address !== undefined && email_verified === true,
  }
}

export const yandexAddresses = {
  issuer: 'https://oauth.yandex.ru',
  authorization_endpoint: 'https://oauth.yandex.ru/authorize',
  token_endpoint: 'https://oauth.yandex.ru/token',
  userinfo: 'https://login.yandex.ru/info?format=json',
}

/** Yandex answers no ID token; who it is has to be asked for. It does not say whether an address was verified. */
function yandex(settings: ProviderSettings, callback: URL): Provider {
  const { name, issuer, clientId } = settings
  // Where another address stands in the settings, all of it is there.
  const at = (address: string) => address.replace(/^https:\/\/\w+\.yandex\.ru/, issuer)
  const config = new Configuration(
    {
      issuer,
      authorization_endpoint: at(yandexAddresses.authorization_endpoint),
      token_endpoint: at(yandexAddresses.token_endpoint),
    },
    clientId,
    {},
    clientAuth(settings),
  )
  config.timeout = timeoutSeconds
  if (issuer.startsWith('http:')) allowInsecureRequests(config)
  const userInfo = new URL(
    issuer === yandexAddresses.issuer ? yandexAddresses.userinfo : at(yandexAddresses.userinfo),
  )

  return {
    start: ({ state, verifier }) =>
      endOf(name, () => startUrl(config, callback, 'login:info login:email', { state, verifier })),
    finish: (proofs, answer) =>
      endOf(name, async () => {
        const tokens = await authorizationCodeGrant(config, withAnswer(callback, answer), {
          expectedState: proofs.state,
          pkceCodeVerifier: proofs.verifier,
        })
        const response = await fetchProtectedResource(config, tokens.access_token, userInfo, 'GET')
        const said = (await response.json()) as { id?: unknown; real_name?: unknown; default_email?: unknown }
        if (typeof said.id !== 'string') throw new Error('the answer names nobody')
        return whoOf(issuer, said.id, { name: said.real_name, email: said.default_email })
      }),
  }
}
