// Policy test files → results, and what a policy would have to see to decide otherwise. It drives a `Fleet` in virtual time.
package import Criteria
