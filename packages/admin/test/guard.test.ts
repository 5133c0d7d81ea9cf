import { describe, expect, it } from 'vitest'
import { checkHeaders, checkSender, isLoopback, parseHost } from '../src/guard.ts'

const allowed = ['localhost', '127.0.0.1', '[::1]', 'admin.example.com', 'ops.example.com:8443']

describe('checkHeaders()', () => {
  it.each([
    ['localhost', undefined],
    ['LOCALHOST:8080', undefined],
    ['127.0.0.1:4600', undefined],
    ['[::1]:80', undefined],
    ['admin.example.com', undefined],
    ['admin.example.com:443', undefined],
    ['ops.example.com:8443', undefined],
    ['ops.example.com', 421],
    ['evil.example.com', 421],
    ['localhost.evil.example.com', 421],
    ['localhost@evil.example.com', 421],
    ['127.0.0.1.nip.example', 421],
    ['localhost, evil.example.com', 421],
    ['', 421],
  ])('answers the Host header %j with %j', (host, status) => {
    for (const kind of ['page', 'asset', 'data', 'action'] as const)
      expect(checkHeaders(new Headers({ host }), kind, allowed)?.status).toBe(status)
  })

  const own = 'http://localhost:8080'
  it.each([
    // kind, Origin, Sec-Fetch-Site, refused
    ['page', undefined, 'cross-site', false],
    ['page', undefined, 'none', false],
    ['asset', undefined, 'same-origin', false],
    ['asset', undefined, 'cross-site', true],
    ['data', undefined, undefined, false],
    ['data', own, 'same-origin', false],
    ['data', undefined, 'none', false],
    ['data', undefined, 'same-site', true],
    ['data', undefined, 'cross-site', true],
    ['data', 'http://evil.example.com', undefined, true],
    ['data', 'http://localhost:9090', undefined, true],
    ['data', 'null', undefined, true],
    ['action', own, 'same-origin', false],
    ['action', undefined, undefined, false],
    ['action', own, 'none', true],
    ['action', own, 'same-site', true],
    ['action', own, 'cross-site', true],
    ['action', 'https://evil.example.com', undefined, true],
    ['action', 'null', 'same-origin', true],
    ['action', 'http://localhost:8080.evil.example.com', undefined, true],
  ] as const)('decides on %s with Origin %j and Sec-Fetch-Site %j: refused %j', (kind, origin, site, isRefused) => {
    const headers = new Headers({ host: 'localhost:8080' })
    if (origin) headers.set('origin', origin)
    if (site) headers.set('sec-fetch-site', site)
    expect(checkHeaders(headers, kind, allowed)?.status).toBe(isRefused ? 403 : undefined)
  })
})

describe('checkSender()', () => {
  it.each([
    ['127.0.0.1', {}, true],
    ['::1', {}, true],
    ['::ffff:127.0.0.1', {}, true],
    ['10.0.0.7', {}, false],
    [undefined, {}, false],
    ['127.0.0.1', { 'x-forwarded-for': '10.0.0.7' }, false],
    ['127.0.0.1', { forwarded: 'for=10.0.0.7' }, false],
  ])('serves %j with %j: %j', (address, headers, isServed) => {
    expect(checkSender(new Headers(headers as Record<string, string>), address) === undefined).toBe(isServed)
  })
})

describe('parseHost()', () => {
  it('returns the name without port, in lower case', () => {
    expect(['Example.COM:80', '[::1]:80', 'a b', 'a/b'].map(parseHost)).toEqual([
      'example.com',
      '[::1]',
      undefined,
      undefined,
    ])
  })
})

describe('isLoopback()', () => {
  it('accepts names and addresses of this machine only', () => {
    expect(['localhost', '127.0.0.1', '127.8.9.1', '[::1]'].every(isLoopback)).toBe(true)
    expect(['0.0.0.0', '127.0.0.1.evil', 'my-localhost', '10.0.0.1'].some(isLoopback)).toBe(false)
  })
})
