# The task of `columns.rs`. Days are counted from 1970-01-01; 19678 is 17 November 2023. Destinations: 0 GA, 1 GB, 2 GD, 3 GE.
package task

default klass := 0

tpp := max([input.fp16 * 16, input.fp8 * 8])

pd := tpp / input.die

in_force if input.day >= 19678

class_a if {
	in_force
	tpp >= 4800
}

class_a if {
	in_force
	tpp >= 1600
	pd >= 5.92
}

class_b if {
	in_force
	tpp >= 2400
	tpp < 4800
	pd >= 1.6
	pd < 5.92
}

class_b if {
	in_force
	tpp >= 1600
	pd >= 3.2
	pd < 5.92
}

klass := 1 if {
	class_a
} else := 2 if {
	class_b
}

default licence := 0

licence := 2 if {
	klass > 0
	input.datacenter
	input.dest == 3
} else := 1 if {
	klass > 0
	input.datacenter
	input.dest in {1, 2}
}

code := (klass * 3) + licence
