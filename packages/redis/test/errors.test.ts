import { expect, test } from 'vitest'
import { toStoreError } from '../src/errors.ts'

test.each([
  // of Redis 7.0 and Valkey 8.0 on the old node, and of Valkey 8.0 on the new one
  'ERR Script attempted to access a non local key in a cluster node script: 1b, on @user_script:9.',
  "ERR Unable to execute command 'exists' in script because undeclared keys were accessed during rehashing of the slot",
])('in a cluster a slot that is being moved is asked again: %s', (message) => {
  const at = { address: 'somewhere', layout: { cluster: true } }
  expect(toStoreError(new Error(message), at, 'unknown')).toMatchObject({
    code: 'SYNC_STORE_UNAVAILABLE',
    retryable: true,
  })
  // one that says so to who knows of no cluster is a node of one
  const alone = { address: 'somewhere', layout: { cluster: false } }
  expect(toStoreError(new Error(message), alone, 'unknown')).toMatchObject({ code: 'SYNC_REDIS', retryable: false })
})

test('a permission that is missing in a cluster is refused', () => {
  const at = { address: 'somewhere', layout: { cluster: true } }
  expect(toStoreError(new Error('NOPERM no permission'), at, 'no')).toMatchObject({
    code: 'SYNC_REDIS',
    retryable: false,
  })
})
