// What t/083_openapi.pl asks: lines of JSON come in, "ok" or a reason goes out.
//   {"file": "openapi.json"}               is it OpenAPI, and what holds for its schemas?
//   {"schema": "Receipt", "value": ...}    does this value fit?

import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.KYCVS_NODE}/`);
const SwaggerParser = require('@apidevtools/swagger-parser');
const Ajv = require('ajv/dist/2020.js');
const formats = require('ajv-formats');

const ajv = new Ajv({ strict: false, allErrors: true });
formats(ajv);

async function take({ file, schema, value }) {
  if (file) {
    await new SwaggerParser().validate(file);
    ajv.addSchema(JSON.parse(readFileSync(file, 'utf8')), 'api');
    return 'ok';
  }
  const fits = ajv.getSchema(`api#/components/schemas/${schema}`);
  return fits(value) ? 'ok' : ajv.errorsText(fits.errors);
}

for await (const line of createInterface({ input: process.stdin }))
  console.log(await take(JSON.parse(line)).catch(error => String(error.message).replaceAll('\n', ' ')));
