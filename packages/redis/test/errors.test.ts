import { describe, expect, it } from 'vitest'
import { toStoreError } from '../src/errors.ts'

describe('toStoreError()', () => {
  it.each([
    // replies of Redis 7.0 and Valkey 8.0 on the old node, and of Valkey 8.0 on the new one
    'ERR Script attempted to access a non local key in a cluster node script: 1b, on @user_script:9.',
    "ERR Unable to execute command 'exists' in script because undeclared keys were accessed during rehashing of the slot",
  ])('returns a retryable error in a cluster while a slot is migrating: %s', (message) => {
    const cluster = { address: 'somewhere', layout: { cluster: true } }
    expect(toStoreError(new Error(message), cluster, 'unknown')).toMatchObject({
      code: 'SYNC_STORE_UNAVAILABLE',
      retryable: true,
    })
    // without cluster mode, this reply means that the server is a cluster node
    const singleServer = { address: 'somewhere', layout: { cluster: false } }
    expect(toStoreError(new Error(message), singleServer, 'unknown')).toMatchObject({
      code: 'SYNC_REDIS',
      retryable: false,
    })
  })

  it('returns SYNC_REDIS for a missing permission in a cluster', () => {
    const cluster = { address: 'somewhere', layout: { cluster: true } }
    expect(toStoreError(new Error('NOPERM no permission'), cluster, 'no')).toMatchObject({
      code: 'SYNC_REDIS',
      retryable: false,
    })
  })
})
