// Owns the names of a repository: for people, in addresses of pages and of the API.
//
// Exports, where a repository has `namespace` and `name` as the API gives them
//   fullName(repository)         "acme/shop"; a repository without namespace is its name alone
//   pageHref(repository)         its page
//   apiPath(repository)          its path in the API
//   namespaceHref(namespace)     the page of a namespace
//   namespaceName(namespace)     what a namespace is called
//   allOf(namespace)             what all of its repositories are called

import { path } from "./dom.js";

const NONE = "_";

export const fullName = ({ namespace, name }) => (namespace === NONE ? name : `${namespace}/${name}`);
export const pageHref = ({ namespace, name }) => path`/repositories/${namespace}/${name}`;
export const apiPath = ({ namespace, name }) => path`/api/v0/repositories/${namespace}/${name}`;
export const namespaceHref = (namespace) => path`/repositories/${namespace}`;
export const allOf = (namespace) => (namespace === NONE ? "all repositories without namespace" : `all of ${namespace}`);
export const namespaceName = (namespace) => (namespace === NONE ? "without namespace" : namespace);
