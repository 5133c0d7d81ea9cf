import { nkeys } from '@nats-io/transport-node'

type KeyPair = ReturnType<typeof nkeys.createUser>

/** Server configuration and user credentials in operator mode, as `nsc` writes them. */
export interface IssuedCredentials {
  readonly config: Readonly<Record<string, unknown>>
  /** Content of a credentials file. */
  readonly creds: string
}

const UNLIMITED = { subs: -1, data: -1, payload: -1 }
const LIMITS = { ...UNLIMITED, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 }
const JETSTREAM = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 }

/** Issues an operator, a system account, an account with JetStream, and a user of that account. */
export function issueCredentials(): IssuedCredentials {
  const [operator, system, account, user] = [
    nkeys.createOperator(),
    nkeys.createAccount(),
    nkeys.createAccount(),
    nkeys.createUser(),
  ]
  const accountJwt = (subject: KeyPair, limits: object): string => sign(operator, subject, { type: 'account', limits })
  return {
    config: {
      operator: sign(operator, operator, { type: 'operator', system_account: system.getPublicKey() }),
      system_account: system.getPublicKey(),
      resolver: 'MEMORY',
      resolver_preload: {
        [system.getPublicKey()]: accountJwt(system, LIMITS),
        [account.getPublicKey()]: accountJwt(account, { ...LIMITS, ...JETSTREAM }),
      },
    },
    creds: [
      pemBlock('NATS USER JWT', sign(account, user, { type: 'user', ...UNLIMITED })),
      pemBlock('USER NKEY SEED', new TextDecoder().decode(user.getSeed())),
    ].join('\n'),
  }
}

const pemBlock = (name: string, text: string): string => `-----BEGIN ${name}-----\n${text}\n------END ${name}------\n`

function sign(issuer: KeyPair, subject: KeyPair, claims: object): string {
  const payload = {
    iat: Math.floor(Date.now() / 1_000),
    iss: issuer.getPublicKey(),
    sub: subject.getPublicKey(),
    name: 'test',
    nats: { version: 2, ...claims },
  }
  const text = [{ typ: 'JWT', alg: 'ed25519-nkey' }, payload].map(encode).join('.')
  return `${text}.${Buffer.from(issuer.sign(new TextEncoder().encode(text))).toString('base64url')}`
}

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
